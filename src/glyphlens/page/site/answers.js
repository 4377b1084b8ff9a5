/* Answers on the page: characters with their names, code points and confidences; lines of text; a picture. */

const JOINER = "\u200d";  // shows a letter as if it were joined
const BEFORE_AND_AFTER = { init: ["", JOINER], medi: [JOINER, JOINER], fina: [JOINER, ""] };
const CIRCLE = "\u25cc";  // under a mark that stands alone
const RIGHT_TO_LEFT = ["ar"];
export const FORMS = { isol: "isolated", init: "initial", medi: "medial", fina: "final" };
const UNSURE = 0.5;

/** Replaces what ``place`` holds by a list of the answers; says the best one. */
export function drawAnswers(place, answers, model, language) {
  const list = made("ol", "answers");
  list.append(...answers.map(({ place: number, confidence }) => item(model.classes[number], confidence, language)));
  place.replaceChildren(list);
  const [{ place: first, confidence }] = answers;
  const { label, codes } = model.classes[first].members[0];
  return `${label}${codes.length && label !== characters(codes) ? `, ${codes.join(" ")}` : ""}, ${percent(confidence)} sure.`;
}

function item({ form, members: [first, ...others] }, confidence, language) {
  const own = made("li");
  const glyph = made("span", "glyph", glyphText(first, form));
  glyph.lang = language;
  glyph.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
  glyph.ariaHidden = "true";
  const name = made("span", "name");
  name.append(...broken(first.label));
  name.append(made("small", "", [first.codes.join(" "), FORMS[form] ?? form].filter(Boolean).join(" · ")));
  for (const other of others) name.append(made("small", "", `or ${other.label} ${other.codes.join(" ")}`));
  Object.assign(own.dataset, { label: first.label, confidence });
  own.append(glyph, name, made("span", "share", percent(confidence)), gauge(confidence));
  return own;
}

function gauge(confidence) {
  const meter = made("meter");
  meter.value = confidence;
  meter.ariaHidden = "true";  // the share is said in words
  return meter;
}

/** A name that may be broken after its underscores. */
export const broken = (name) => name.split(/(?<=_)/u).flatMap((part) => [part, document.createElement("wbr")]);

/** The characters in the form that the class is of. */
export function glyphText({ codes }, form) {
  const text = characters(codes);
  const [before, after] = BEFORE_AND_AFTER[form] ?? ["", ""];
  const isMark = /^\p{M}/u.test(text);
  return `${before}${isMark ? CIRCLE : ""}${text}${after}`;
}

export const characters = (codes) => codes.map((code) => String.fromCodePoint(parseInt(code.slice(2), 16))).join("");

export function percent(share) {
  if (share < 0.0005) return "< 0.1%";
  return share > 0.9995 ? "> 99.9%" : `${(100 * share).toFixed(1)}%`;
}

/** Replaces what ``place`` holds by lines of Khmer, clusters that are not certain marked; says how many. */
function drawText(place, lines) {
  const list = made("ol", "lines");
  for (const { text, confidence, clusters } of lines) {
    const own = made("li");
    const words = made("div", "text");
    words.lang = "km";
    for (const cluster of clusters) {
      words.append(cluster.confidence < UNSURE ? made("span", "unsure", cluster.text) : cluster.text);
    }
    own.append(words, made("small", "", `${percent(confidence)} sure that all of it is right`));
    own.dataset.text = text;
    own.dataset.confidence = confidence;
    list.append(own);
  }
  place.replaceChildren(list);
  return lines.length === 1 ? "One line was read." : `${lines.length} lines were read.`;
}

/** What was found in a picture, with the picture as the recogniser saw it; says the best of it. */
export function drawPart(place, { name, found, model }, language) {
  if (name === "khmer") return drawText(place, found);
  if (found.steps) {
    const { line, answers } = found.steps.find((step) => step.stops);
    return `${drawAnswers(place, answers, model, language)} Sure enough after ${line} of ${found.lines} lines.`;
  }
  const said = drawAnswers(place, found.answers, model, language);
  const [figure, canvas] = [made("figure"), made("canvas")];
  Object.assign(canvas, { role: "img", ariaLabel: "The picture as the recogniser saw it" });
  drawPicture(canvas, found.picture);
  figure.append(canvas, made("figcaption", "", `As the recogniser saw it${found.note && ` (${found.note})`}`));
  place.append(figure);
  return said;
}

/** A picture on a canvas of its size, ink dark on white. */
export function drawPicture(canvas, { width, height, data }) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const colours = new Uint32Array(pixels.data.buffer);  // alpha is the highest byte
  data.forEach((ink, at) => { colours[at] = 0xff000000 + (255 - ink) * 0x010101; });
  context.putImageData(pixels, 0, 0);
}

export function made(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
