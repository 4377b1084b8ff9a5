/* Pictures made larger and smaller as Pillow does it. */

import { axisWeights, clamped, mapped, picture, sum, weighted } from "./pixels.js";

const FIXED = 2 ** 22;

function pillowFilter(distance) {
  const x = Math.abs(distance);
  const steep = -0.5;
  if (x < 1) return ((steep + 2) * x - (steep + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * steep : 0;
}

function pillowWeight(place, scale, length) {
  const wide = Math.max(1, scale);
  const centre = (place + 0.5) * scale;
  const first = Math.max(0, Math.trunc(centre - 2 * wide + 0.5));
  const end = Math.min(length, Math.trunc(centre + 2 * wide + 0.5));
  const shares = Array.from({ length: end - first }, (_, at) => pillowFilter((at + first - centre + 0.5) * (1 / wide)));
  const total = sum(shares);
  return shares.map((share, at) => {
    const fixed = (share / total) * FIXED;
    return [first + at, Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5)];
  });
}

/** Image.Resampling.BICUBIC of a uint8 picture: across, then down, each rounded. */
export function resizedAsByPillow(image, width, height) {
  const inPlace = (length) => Array.from({ length }, (_, at) => [[at, FIXED]]);
  const rounded = (found) => mapped(found, (value) => clamped(Math.floor((value + FIXED / 2) / FIXED)));
  const unscaled = (length) => inPlace(length).map(([[at]]) => [[at, 1]]);
  const columns = width === image.width ? inPlace(width) : axisWeights(image.width, width, pillowWeight);
  const rows = height === image.height ? inPlace(height) : axisWeights(image.height, height, pillowWeight);
  const across = rounded(weighted(image, columns, unscaled(image.height)));
  return rounded(weighted(across, unscaled(width), rows));
}

/** The mean of squares of ``factor`` pixels, as Image.reduce has it. */
export function reduced(image, factor) {
  const [width, height] = [image.width, image.height].map((side) => Math.ceil(side / factor));
  const found = picture(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [bottom, right] = [Math.min(image.height, (y + 1) * factor), Math.min(image.width, (x + 1) * factor)];
      let total = 0;
      for (let v = y * factor; v < bottom; v++) {
        for (let u = x * factor; u < right; u++) total += image.data[v * image.width + u];
      }
      const count = (bottom - y * factor) * (right - x * factor);
      found.data[y * width + x] = Math.floor((total + (count >> 1)) / count);
    }
  }
  return found;
}
