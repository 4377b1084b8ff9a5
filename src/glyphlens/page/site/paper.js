/* A picture of dark ink on light paper → how dark each pixel is against its paper, whose light may be uneven.
The same as glyphlens.imaging.paper. */

import { clamped, mapped, maximum, minimum, picture, resizedByArea, resizedLinearly, resizedToNearest, rint } from "./pixels.js";

const [SMALL_PX, LEAST_PX] = [64, 8];
const [ABOVE, BELOW] = [0.97, 0.03];
const FITS = [1, 1, 1, 2, 2, 2, 3, 3, 3];
const REFITS = 2;
const LEAST_LIGHT = Math.fround(0.1);
const LEVELLING_GAIN = 0.02;

/** {paper, ink, separability}: the two classes of grey levels whose means are furthest apart for their sizes. */
export function twoLevels(depths, seen = null) {
  const counts = new Float64Array(256);
  for (let at = 0; at < depths.length; at++) if (!seen || seen[at]) counts[depths[at]]++;
  const [below, sums] = [new Float64Array(256), new Float64Array(256)];
  counts.forEach((count, level) => {
    below[level] = count + (level && below[level - 1]);
    sums[level] = count * level + (level && sums[level - 1]);
  });
  const [total, whole] = [below[255], sums[255]];
  const mean = whole / Math.max(total, 1);
  let [cut, most] = [-1, -1];
  for (let level = 0; level < 256; level++) {
    const above = total - below[level];
    if (!(below[level] > 0 && above > 0)) continue;
    const between = (mean * below[level] - sums[level]) ** 2 / Math.max(below[level] * above, 1);
    if (between > most) [cut, most] = [level, between];
  }
  if (cut < 0) return { paper: mean, ink: mean, separability: 0 };
  const variance = counts.reduce((sum, count, level) => sum + count * (level - mean) ** 2, 0) / total;
  return {
    paper: sums[cut] / below[cut],
    ink: (whole - sums[cut]) / (total - below[cut]),
    separability: most / variance,
  };
}

/** {depth, levels} of a picture, where only what is seen counts. */
export function depthOnPaper(light, seen) {
  const flat = mapped(light, (value) => 255 - value);
  const flatLevels = twoLevels(flat.data, seen.data);
  if (Math.min(light.width, light.height) < LEAST_PX) return { depth: flat, levels: flatLevels };
  const paper = paperOf(light, seen).data;
  const mean = Math.fround(Math.max(1, meanOf(paper, seen.data)));
  const level = mapped(light, (value, at) => {
    const lit = Math.max(Math.fround(paper[at] / mean), LEAST_LIGHT);
    return clamped(rint(Math.fround(Math.fround(paper[at] - value) / lit)));
  });
  const levels = twoLevels(level.data, seen.data);
  const isUneven = levels.separability > flatLevels.separability + LEVELLING_GAIN;
  return isUneven ? { depth: level, levels } : { depth: flat, levels: flatLevels };
}

function meanOf(values, seen) {
  let [total, count] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    if (!seen[at]) continue;
    total += values[at];
    count++;
  }
  return Math.fround(total / count);
}

/** The shade of the paper: by asymmetric least squares (Eilers 2003), then through paper alone. */
function paperOf(light, seen) {
  const scale = Math.min(1, SMALL_PX / Math.max(light.width, light.height));
  const [width, height] = [light.width, light.height].map((side) => Math.max(LEAST_PX, rint(side * scale)));
  const small = resizedByArea(light, width, height);
  const seenSmall = resizedToNearest(seen, width, height).data;
  const weights = Float64Array.from(seenSmall);
  let surface = small.data;
  for (const order of FITS) {
    surface = fitted(small, weights, order);
    for (let at = 0; at < weights.length; at++) {
      weights[at] = (small.data[at] >= surface[at] ? ABOVE : BELOW) * seenSmall[at];
    }
  }
  for (let again = 0; again < REFITS; again++) {
    const depth = Uint8Array.from(surface, (value, at) => clamped(value - small.data[at]));
    const levels = twoLevels(depth, seenSmall);
    const isPaper = depth.map((value, at) => (value <= (levels.paper + levels.ink) / 2 && seenSmall[at] ? 1 : 0));
    surface = fitted(small, Float64Array.from(isPaper), FITS.at(-1));
    const shades = small.data.filter((_, at) => isPaper[at]);
    const [least, most] = [Math.min(255, minimum(shades)), Math.max(0, maximum(shades))];
    surface = surface.map((value) => Math.min(most, Math.max(least, value)));
  }
  const found = picture(width, height, Float32Array);
  found.data.set(surface);
  return resizedLinearly(found, light.width, light.height);
}

/** The polynomial of two variables that is nearest to the weighted values. */
function fitted(image, weights, order) {
  const { width, height, data } = image;
  const axis = (side) => Float64Array.from({ length: side }, (_, at) => (side > 1 ? -1 + (2 * at) / (side - 1) : -1));
  const [xs, ys] = [axis(width), axis(height)];
  const powers = [];
  for (let p = 0; p <= order; p++) for (let q = 0; q <= order - p; q++) powers.push([p, q]);
  const moments = momentsOf(xs, ys, 2 * order, weights);
  const aims = momentsOf(xs, ys, order, weights.map((weight, at) => weight * data[at]));
  const matrix = powers.map(([p, q]) => powers.map(([r, s]) => moments[p + r][q + s]));
  const factors = solved(matrix, powers.map(([p, q]) => aims[p][q]));
  const surface = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const along = new Float64Array(order + 1);
    powers.forEach(([p, q], term) => {
      along[p] += factors[term] * ys[y] ** q;
    });
    for (let x = 0; x < width; x++) {
      let value = along[order];
      for (let p = order - 1; p >= 0; p--) value = value * xs[x] + along[p];
      surface[y * width + x] = value;
    }
  }
  return surface;
}

function momentsOf(xs, ys, order, weights) {
  const found = Array.from({ length: order + 1 }, () => new Float64Array(order + 1));
  const row = new Float64Array(order + 1);
  for (let y = 0; y < ys.length; y++) {
    row.fill(0);
    for (let x = 0; x < xs.length; x++) {
      let term = weights[y * xs.length + x];
      for (let p = 0; p <= order; p++, term *= xs[x]) row[p] += term;
    }
    for (let p = 0; p <= order; p++) {
      let term = row[p];
      for (let q = 0; q <= order; q++, term *= ys[y]) found[p][q] += term;
    }
  }
  return found;
}

/** The solution of a symmetric system; what is left open of one that has several is 0. */
function solved(matrix, aim) {
  const rows = matrix.map((row, at) => Float64Array.from([...row, aim[at]]));
  const least = maximum(rows.map((row, at) => Math.abs(row[at]))) * aim.length * Number.EPSILON;
  const used = [];
  for (let turn = 0; turn < aim.length; turn++) {
    let pivot = -1;
    rows.forEach((row, at) => {
      if (!used.includes(at) && (pivot < 0 || Math.abs(row[at]) > Math.abs(rows[pivot][pivot]))) pivot = at;
    });
    if (Math.abs(rows[pivot][pivot]) <= least) break;
    used.push(pivot);
    rows.forEach((row, at) => {
      if (at === pivot) return;
      const factor = row[pivot] / rows[pivot][pivot];
      for (let column = 0; column < row.length; column++) row[column] -= factor * rows[pivot][column];
    });
  }
  return aim.map((_, at) => (used.includes(at) ? rows[at].at(-1) / rows[at][at] : 0));
}
