/* The ink of a character → the picture that recognisers of handwriting read: one size, contrast and position.
The same as glyphlens.imaging.ink and .handwriting, where the edge of a cell is not cleared. */

import { NothingToSee } from "./picture_ink.js";
import { clamped, components, dilated, mapped, picture, resizedByArea, resizedToNearest, rint } from "./pixels.js";

const MASK_PX = 64;
const [PAPER, NOISE, DARKEST] = [0.25, 0.05, 0.998];
const FULL_INK = 0.75;
const [PAPER_SHARE, NOISE_TIMES, MAX_PAPER_SHARE] = [Math.fround(0.12), 3, 0.5];
const STROKE_SHARE = 0.2;
const LINE_SHARE = 0.5;
const SLIVER = Math.fround(1e-6);
const STEPS = 65536;
const fround = Math.fround;

/** A uint8 picture of ``rule.image_px`` a side; throws NothingToSee where no stroke is left. */
export function preparedHandwriting(ink, rule) {
  const { strokes, range, top, bottom, left, right } = strokesOf(ink, rule);
  const scale = fround(Math.max(bottom - top, right - left, 1) / rule.box_px);
  const rows = intervals(top, bottom, scale, ink.height, rule.image_px);
  const columns = intervals(left, right, scale, ink.width, rule.image_px);
  const found = picture(rule.image_px, rule.image_px);
  const gain = 255 / STEPS ** 2 / Math.max(range, 1);
  const along = new Float64Array(ink.width);
  rows.forEach((row, y) => {
    along.fill(0);
    for (const [from, weight] of row) {
      for (let x = left; x < right; x++) along[x] += weight * strokes.data[from * ink.width + x];
    }
    columns.forEach((column, x) => {
      let total = 0;
      for (const [from, weight] of column) total += weight * along[from];
      found.data[y * found.width + x] = Math.min(rint(total * gain), 255);
    });
  });
  const blurred = rule.blur_sigma_px ? blurredBy(found, rule.blur_sigma_px) : found;
  if (!blurred.data.some(Boolean)) {
    throw new NothingToSee("nothing to see: only dust or faint noise, no stroke is left when it is taken away");
  }
  return blurred;
}

/** What of a cell is its character: {strokes, range} and the ink's box. */
function strokesOf(ink, rule) {
  const { width, height } = ink;
  const step = Math.max(1, rint(Math.max(width, height) / MASK_PX));
  const { paper, full } = levelsOf(ink, step, rule.min_contrast);
  const range = full - paper;
  const stroke = Math.max(1, Math.ceil(STROKE_SHARE * range));
  const [coarseWidth, coarseHeight] = [Math.ceil(width / step), Math.ceil(height / step) + 1];
  const strokes = picture(coarseWidth * step, coarseHeight * step);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = Math.min(full, Math.max(paper, ink.data[y * width + x]));
      strokes.data[y * strokes.width + x] = value - paper;
    }
  }
  const coarse = resizedByArea(strokes, coarseWidth, coarseHeight);
  const mask = kept(mapped(coarse, (value) => (value >= stroke ? 1 : 0)), coarseHeight - 1, rule.speck_share);
  const grown = resizedToNearest(dilated(mask), strokes.width, strokes.height);
  const own = picture(width, height);
  const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * strokes.width + x;
      const value = grown.data[at] ? strokes.data[at] : 0;
      own.data[y * width + x] = value;
      if (value < stroke) continue;
      rows[y] += value;
      columns[x] += value;
    }
  }
  const least = LINE_SHARE * range;
  const [[top, bottom], [left, right]] = [extent(rows, least), extent(columns, least)];
  return { strokes: own, range, top, bottom, left, right };
}

function extent(sums, least) {
  const found = Array.from(sums.keys()).filter((at) => least > 0 && sums[at] >= least);
  return found.length ? [found[0], found.at(-1) + 1] : [0, 0];
}

/** The lightest and the darkest level that is told apart; equal where there is too little contrast. */
function levelsOf(ink, step, minContrast) {
  const counts = new Uint32Array(256);
  let count = 0;
  for (let y = 0; y < ink.height; y += step) {
    for (let x = 0; x < ink.width; x += step, count++) counts[ink.data[y * ink.width + x]]++;
  }
  const ranked = (place) => {
    let seen = 0;
    return counts.findIndex((own) => (seen += own) > place);
  };
  const [light, paper, dark] = [NOISE, PAPER, DARKEST].map((share) => ranked(Math.trunc(share * (count - 1))));
  const middle = paper + Math.floor((dark - paper) / 2);
  const strong = counts.subarray(middle + 1).reduce((total, own) => total + own, 0);
  const full = ranked(Math.min(count - 1 - Math.trunc((1 - FULL_INK) * strong), count - 1));
  const span = full - paper;
  if (span < minContrast) return { paper: full, full };
  const lift = Math.max(fround(PAPER_SHARE * span), NOISE_TIMES * (paper - light));
  return { paper: paper + Math.trunc(Math.min(lift, MAX_PAPER_SHARE * span)), full };
}

/** The mask without specks; where there is nothing else, with them. */
function kept(mask, height, speckShare) {
  const { labels, pieces } = components(mask);
  const least = speckShare * height * mask.width;
  const isSpeck = pieces.map((piece) => piece.area <= least);
  const hasMore = isSpeck.some((own, number) => number && !own);
  return mapped(labels, (label) => (label && !(hasMore && isSpeck[label]) ? 1 : 0), Uint8Array);
}

/** For every pixel of the result the cell's pixels that it is the mean of, with whole weights. */
function intervals(first, end, scale, length, imagePx) {
  return Array.from({ length: imagePx }, (_, place) => {
    const centre = fround(fround(fround(place) + fround(0.5 - imagePx / 2)) * scale);
    const middle = fround(fround(fround(first + end) / 2) + centre);
    const within = (width) => [
      Math.max(fround(middle - fround(width / 2)), first), Math.min(fround(middle + fround(width / 2)), end),
    ];
    const [tight, loose] = [within(scale), within(Math.max(scale, 1))];
    const inside = fround(Math.max(fround(tight[1] - tight[0]), 0) / scale);
    const gain = fround(fround(STEPS * inside) / Math.max(fround(loose[1] - loose[0]), SLIVER));
    const found = [];
    for (let at = Math.max(0, Math.floor(loose[0])); at < Math.min(length, Math.ceil(loose[1])); at++) {
      const share = Math.max(fround(Math.min(loose[1], at + 1) - Math.max(loose[0], at)), 0);
      const weight = rint(fround(share * gain));
      if (weight) found.push([at, weight]);
    }
    return found;
  });
}

/** cv2.GaussianBlur of a uint8 picture on black: fixed-point, 8 bits of fraction. */
function blurredBy(image, sigma) {
  const kernel = gaussian(sigma, Math.ceil(3 * sigma));
  const radius = (kernel.length - 1) / 2;
  const along = (source, step, length, at, place) => {
    let total = 0;
    for (let offset = -radius; offset <= radius; offset++) {
      if (place + offset < 0 || place + offset >= length) continue;
      total += kernel[offset + radius] * source[at + offset * step];
    }
    return total;
  };
  const { width, height, data } = image;
  const across = Float64Array.from(data, (_, at) => along(data, 1, width, at, at % width));
  return mapped(image, (_, at) => clamped(Math.floor(
    (along(across, width, height, at, Math.trunc(at / width)) + 32768) / 65536,
  )));
}

/** In 256ths that add up to 256, the error of each carried to the next. */
function gaussian(sigma, radius) {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp(-((at - radius) ** 2) / (2 * sigma * sigma)));
  const total = raw.reduce((sum, value) => sum + value, 0);
  const found = new Array(2 * radius + 1).fill(0);
  let [error, used] = [0, 0];
  for (let at = 0; at < radius; at++) {
    const wanted = (raw[at] / total) * 256 + error;
    const value = rint(wanted);
    error = wanted - value;
    found[at] = found[2 * radius - at] = value;
    used += 2 * value;
  }
  found[radius] = 256 - used;
  return found;
}
