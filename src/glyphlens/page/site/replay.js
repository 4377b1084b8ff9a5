/* A scan shown as it arrives: its lines so far, the answers after each, and where the recogniser would stop. */

import { drawAnswers, made } from "./answers.js";

const LINE_MS = 120;

export class Replay {
  constructor(place, answers) {
    const find = (name) => place.querySelector(`#${name}`);
    Object.assign(this, { place, answers, canvas: find("lines"), slider: find("line"), count: find("count") });
    this.slider.addEventListener("input", () => this.to(Number(this.slider.value)));
    find("again").addEventListener("click", () => this.play());
  }

  hide() {
    clearInterval(this.timer);
    this.place.hidden = true;
  }

  /** ``found``: {lines, samples, values, steps} of a scan; ``say`` is told once where it stops. */
  show(found, model, say) {
    Object.assign(this, { found, model });
    this.stop = found.steps.find((step) => step.stops).line;
    this.slider.max = found.lines;
    this.place.hidden = false;
    const said = drawAnswers(made("div"), found.steps[this.stop - 1].answers, model, "ja");
    const isEarly = this.stop < found.lines;
    say(`${said} ${isEarly ? `Sure enough after ${this.stop} of ${found.lines} lines` : "All lines were needed"}.`);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.to(this.stop);
    else this.play();
  }

  play() {
    clearInterval(this.timer);
    let line = 1;
    this.to(line);
    this.timer = setInterval(() => {
      this.draw(++line);
      if (line >= this.stop) clearInterval(this.timer);
    }, LINE_MS);
  }

  to(line) {
    clearInterval(this.timer);
    this.draw(line);
  }

  draw(line) {
    const { lines, samples, values, steps } = this.found;
    Object.assign(this.canvas, { width: samples, height: lines });
    const context = this.canvas.getContext("2d");
    const pixels = context.createImageData(samples, lines);
    for (let at = 0; at < lines * samples; at++) {
      const ink = Math.trunc(at / samples) < line ? 255 - values[at] : 235;
      pixels.data.set([ink, ink, ink, 255], 4 * at);
    }
    context.putImageData(pixels, 0, 0);
    this.slider.value = line;
    this.count.textContent = `${line} of ${lines}${line === this.stop ? ", stops here" : ""}`;
    drawAnswers(this.answers, steps[line - 1].answers, this.model, "ja");
  }
}
