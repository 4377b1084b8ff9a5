/* The drawing area: strokes of a pen, typed text, or a picture that was given. Paper is white in every theme. */

const PEN_PX = 26;
const READ_PX = 240;  // the height of what is recognised
const WAIT_MS = 450;  // after the last stroke

export class Pad {
  constructor(canvas, hint) {
    this.canvas = canvas;
    this.hint = hint;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.strokes = [];
    this.onChange = () => {};
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.follow(event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => this.end());
    this.redraw();
  }

  get isEmpty() {
    return !this.strokes.length && !this.text;
  }

  /** RGBA of what is drawn, as small as pictures of characters mostly are. */
  pixels() {
    const { width, height } = this.canvas;
    const copy = new OffscreenCanvas(...[width, height].map((side) => Math.round(side * (READ_PX / height))));
    const context = copy.getContext("2d");
    Object.assign(context, { imageSmoothingQuality: "high" });
    context.drawImage(this.canvas, 0, 0, copy.width, copy.height);
    return context.getImageData(0, 0, copy.width, copy.height);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  begin(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    clearTimeout(this.waiting);
    if (this.text || this.isPicture) this.strokes = [];
    this.text = "";
    this.isPicture = false;
    this.stroke = [this.place(event)];
    this.strokes.push(this.stroke);
    this.redraw();
  }

  follow(event) {
    if (!this.stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.stroke.push(this.place(each));
    this.redraw();
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.waiting = setTimeout(() => this.onChange(), WAIT_MS);
  }

  undo() {
    if (this.text || this.isPicture) this.strokes = [];
    this.strokes.pop();
    this.changed("");
  }

  clear() {
    this.strokes = [];
    this.changed("");
  }

  /** Typed text in a font of this machine: for those who cannot draw. */
  write(text, language) {
    this.strokes = [];
    this.canvas.lang = language;
    this.changed(text);
  }

  changed(text) {
    clearTimeout(this.waiting);
    this.text = text;
    this.isPicture = false;
    this.redraw();
    this.onChange();
  }

  /** A wide pad for lines, else a square one; true where that is new, and what was on it gone. */
  shape(isWide) {
    const height = isWide ? 240 : 640;
    if (this.canvas.height === height) return false;
    this.canvas.height = height;
    this.blank();
    return true;
  }

  /** Nothing drawn, and nobody is told: for what is no picture. */
  blank() {
    clearTimeout(this.waiting);
    this.strokes = [];
    this.text = "";
    this.isPicture = false;
    this.redraw();
  }

  /** Show a picture; what is recognised is the file itself. */
  async showFile(file) {
    clearTimeout(this.waiting);
    this.strokes = [];
    this.text = "";
    this.isPicture = true;
    this.redraw();
    const bitmap = await createImageBitmap(file).catch(() => null);
    if (!bitmap || !this.isPicture) return;
    const { width, height } = this.canvas;
    const scale = Math.min(width / bitmap.width, height / bitmap.height);
    const [wide, high] = [bitmap.width * scale, bitmap.height * scale];
    this.context.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
    bitmap.close();
  }

  redraw() {
    const { context, canvas } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.hint.hidden = !this.isEmpty || this.isPicture;
    context.fillStyle = context.strokeStyle = "#000";
    Object.assign(context, { lineWidth: PEN_PX, lineCap: "round", lineJoin: "round" });
    for (const [first, ...others] of this.strokes) {
      context.beginPath();
      context.moveTo(...first);
      for (const place of others.length ? others : [first]) context.lineTo(...place);
      context.stroke();
    }
    if (this.text) this.drawText();
  }

  drawText() {
    const { context, canvas } = this;
    const faces = "'Noto Naskh Arabic','Noto Sans CJK JP','Noto Sans Khmer',sans-serif";
    const sized = (px) => { context.font = `${px}px ${faces}`; };
    Object.assign(context, { textAlign: "center", textBaseline: "alphabetic", direction: "inherit" });
    sized(100);
    const facts = context.measureText(this.text);
    const high = facts.actualBoundingBoxAscent + facts.actualBoundingBoxDescent;
    const wide = facts.actualBoundingBoxLeft + facts.actualBoundingBoxRight;
    const scale = Math.min((0.7 * canvas.width) / Math.max(wide, 1), (0.6 * canvas.height) / Math.max(high, 1));
    sized(100 * scale);
    const middle = (facts.actualBoundingBoxAscent - facts.actualBoundingBoxDescent) / 2;
    const shift = (facts.actualBoundingBoxLeft - facts.actualBoundingBoxRight) / 2;
    context.fillText(this.text, canvas.width / 2 + shift * scale, canvas.height / 2 + middle * scale);
  }
}
