/* A picture replayed line by line: an answer after every line, until the recogniser is sure enough; `glyphlens scan`. */

import { rint } from "./pixels.js";
import { bestOf, softmax, tensor, TOP, waysToSee } from "./recognizers.js";

/** A whole scan: {lines, samples, values, steps}, a step the answer after a line. */
export async function scanned(page, model) {
  const scan = pictureLines(page, model);
  const steps = [];
  for await (const step of scanAnswers(scan, model)) steps.push(step);
  return { ...scan, steps };
}

/** {lines, samples, values}: what a picture's lines hold, as the recogniser's training had them. */
function pictureLines(page, model) {
  const [{ picture }] = waysToSee(page, model);
  const lines = model.temperatures.length;
  const [, samples] = model.session.inputMetadata.find((input) => input.name === "line").shape;
  const [rows, columns] = [overlaps(picture.height, lines), overlaps(picture.width, samples)];
  const values = new Float32Array(lines * samples);
  for (let line = 0; line < lines; line++) {
    for (let sample = 0; sample < samples; sample++) {
      let total = 0;
      for (const [y, high] of rows[line]) {
        for (const [x, wide] of columns[sample]) total += high * wide * picture.data[y * picture.width + x];
      }
      values[line * samples + sample] = rint(total / (picture.height * picture.width));
    }
  }
  return { lines, samples, values };
}

/** How much of each of ``length`` pixels lies in each of ``count`` equal pieces, in whole parts of a pixel. */
function overlaps(length, count) {
  return Array.from({ length: count }, (_, piece) => {
    const found = [];
    for (let pixel = 0; pixel < length; pixel++) {
      const shared = Math.min((piece + 1) * length, (pixel + 1) * count) - Math.max(piece * length, pixel * count);
      if (shared > 0) found.push([pixel, shared]);
    }
    return found;
  });
}

/** An answer after every line: {line, answers, stops}; ``stops`` is true once, and of no blank lines alone. */
async function* scanAnswers({ lines, samples, values }, model) {
  let cache = emptyCache(model.session);
  let [hasStopped, isBlank] = [false, true];
  for (let line = 1; line <= lines; line++) {
    const own = values.slice((line - 1) * samples, line * samples);
    const found = await model.session.run({ ...cache, line: tensor("float32", own, [1, samples]) });
    cache = Object.fromEntries(Object.keys(cache).map((name) => [name, found[`next_${name}`]]));
    const chances = softmax(found.logits.data.map((value) => value / model.temperatures[line - 1]));
    const answers = bestOf(chances, TOP).map((place) => ({ place, confidence: chances[place] }));
    const threshold = model.thresholds?.[line - 1] ?? Infinity;
    isBlank &&= own.every((value) => value === own[0]);
    const stops = !hasStopped && (line === lines || (!isBlank && answers[0].confidence >= threshold));
    hasStopped ||= stops;
    yield { line, answers, stops };
  }
}

function emptyCache(session) {
  const inputs = session.inputMetadata.filter((input) => input.name !== "line");
  return Object.fromEntries(inputs.map(({ name, type, shape }) => {
    const sides = shape.map((side) => (typeof side === "number" ? side : 1));
    const count = sides.reduce((product, side) => product * side, 1);
    const values = type === "int64" ? new BigInt64Array(count) : new Float32Array(count);
    return [name, tensor(type, values, sides)];
  }));
}
