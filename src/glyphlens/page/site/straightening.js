/* A page that is askew → straight. The same as glyphlens.inference.page. */

import { clamped, picture, rint, sum } from "./pixels.js";

const [SKEW_RANGE, SKEW_STEP, FINE_STEP, LEAST_SKEW] = [12, 0.5, 0.1, 0.15];
const [SKEW_POINTS, SKEW_LETTERS, SKEW_WIDTH, SKEW_GAIN] = [40_000, 12, 4, 1.03];

/** The slope of lines of text, in degrees: the angle under which rows differ most (Postl 1986). */
export function skewOf(pieces) {
  const mask = pieces.mask();
  const inked = [];
  for (let at = 0; at < mask.data.length; at++) if (mask.data[at]) inked.push(at);
  const letters = sum(pieces.list.map((piece) => piece.width)) / pieces.letterPx;
  const span = pieces.most("right") - 1 - pieces.least("left");
  if (letters < SKEW_LETTERS || span < SKEW_WIDTH * pieces.letterPx) return 0;
  const step = Math.max(1, (inked.length - 1) / (SKEW_POINTS - 1));
  const places = Array.from({ length: Math.min(inked.length, SKEW_POINTS) }, (_, at) => inked[Math.trunc(at * step)]);
  const [xs, ys] = [(at) => at % mask.width, (at) => Math.trunc(at / mask.width)].map((side) => places.map(side));
  const sharpness = (angle) => sharpnessOf(xs, ys, angle);
  const bestAmong = (first, last, step) => {
    const count = Math.ceil((last + step / 2 - first) / step);
    const angles = Array.from({ length: count }, (_, at) => first + at * step);
    return angles.map((angle) => [sharpness(angle), angle]).reduce((best, each) => (each[0] > best[0] ? each : best))[1];
  };
  const coarse = bestAmong(-SKEW_RANGE, SKEW_RANGE, SKEW_STEP);
  const best = bestAmong(coarse - SKEW_STEP, coarse + SKEW_STEP, FINE_STEP);
  const isSharper = sharpness(best) > SKEW_GAIN * sharpness(0);
  return Math.abs(best) >= LEAST_SKEW && isSharper ? rint(10 * best) / 10 : 0;
}

function sharpnessOf(xs, ys, angle) {
  const [cosine, sine] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const rows = new Float64Array(xs.length);
  let [least, most] = [Infinity, -Infinity];
  for (let at = 0; at < rows.length; at++) {
    rows[at] = ys[at] * cosine - xs[at] * sine;
    least = Math.min(least, rows[at]);
    most = Math.max(most, rows[at]);
  }
  const profile = new Float64Array(Math.trunc(most - least) + 3);
  for (const row of rows) profile[Math.trunc(row - least) + 1]++;
  let total = 0;
  for (let at = 1; at < profile.length; at++) total += (profile[at] - profile[at - 1]) ** 2;
  return total;
}

/** A turn about the middle, bicubic in 32nds of a pixel, on a canvas that keeps all corners. */
export function turnedBy(image, angle) {
  const [cosine, sine] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const { width, height } = image;
  const found = picture(
    Math.ceil(width * cosine + height * Math.abs(sine)), Math.ceil(width * Math.abs(sine) + height * cosine),
  );
  const [right, down] = [(found.width - width) / 2, (found.height - height) / 2];
  const [middleX, middleY] = [width / 2, height / 2];
  for (let y = 0; y < found.height; y++) {
    for (let x = 0; x < found.width; x++) {
      const [u, v] = [x - right - middleX, y - down - middleY];
      const at = [cosine * u - sine * v + middleX, sine * u + cosine * v + middleY].map((each) => Math.floor(each * 32 + 0.5));
      found.data[y * found.width + x] = cubicAt(image, ...at);
    }
  }
  return found;
}

const CUBIC = Array.from({ length: 32 }, (_, at) => {
  const [x, steep] = [at / 32, -0.75];
  const near = (d) => ((steep + 2) * d - (steep + 3)) * d * d + 1;
  const far = ((steep * (x + 1) - 5 * steep) * (x + 1) + 8 * steep) * (x + 1) - 4 * steep;
  return [far, near(x), near(1 - x), 1 - far - near(x) - near(1 - x)];
});

function cubicAt({ width, height, data }, across, down) {
  const [left, top] = [(across >> 5) - 1, (down >> 5) - 1];
  if (left <= -4 || top <= -4 || left >= width || top >= height) return 0;
  const [columns, rows] = [CUBIC[across & 31], CUBIC[down & 31]];
  let total = 0;
  for (let v = 0; v < 4; v++) {
    if (top + v < 0 || top + v >= height) continue;
    for (let u = 0; u < 4; u++) {
      if (left + u >= 0 && left + u < width) total += rows[v] * columns[u] * data[(top + v) * width + left + u];
    }
  }
  return clamped(rint(total));
}
