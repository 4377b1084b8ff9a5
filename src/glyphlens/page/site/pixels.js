/* Pictures of one channel, and what is done to their pixels: as OpenCV, Pillow and NumPy do it, to the rounding.

A picture is {width, height, data}, row by row; a mask has 0 and 1. */

export const picture = (width, height, Kind = Uint8Array) => ({ width, height, data: new Kind(width * height) });
export const clamped = (value) => Math.min(255, Math.max(0, value));
export const sum = (values) => {
  let total = 0;
  for (let at = 0; at < values.length; at++) total += values[at];
  return total;
};
export const maximum = (values) => values.reduce((most, value) => Math.max(most, value), -Infinity);
export const minimum = (values) => values.reduce((least, value) => Math.min(least, value), Infinity);

/** A picture of what ``change`` makes of each value and its place. */
export function mapped(image, change, Kind = Uint8Array) {
  const found = picture(image.width, image.height, Kind);
  for (let at = 0; at < found.data.length; at++) found.data[at] = change(image.data[at], at);
  return found;
}

/** The nearest whole number; halves go to the even one, as everywhere in Python. */
export function rint(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

export function cropped(image, top, left, height, width) {
  const part = picture(width, height, image.data.constructor);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * image.width + left;
    part.data.set(image.data.subarray(start, start + width), y * width);
  }
  return part;
}

export function padded(image, margin) {
  const larger = picture(image.width + 2 * margin, image.height + 2 * margin, image.data.constructor);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width, (y + 1) * image.width);
    larger.data.set(row, (y + margin) * larger.width + margin);
  }
  return larger;
}

/** {top, bottom, left, right} around what is not 0, right and bottom outside of it; null where all is 0. */
export function boxOf(mask) {
  let [top, bottom, left, right] = [mask.height, 0, mask.width, 0];
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      if (!mask.data[y * mask.width + x]) continue;
      if (y < top) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
  }
  return bottom ? { top, bottom, left, right } : null;
}

// ── sizes ──────────────────────────────────────────────────────────────────────────────────────
/** For every new pixel of an axis the old ones it is made of, [from, share] each. */
export function axisWeights(oldSide, newSide, weigh) {
  return Array.from({ length: newSide }, (_, place) => weigh(place, oldSide / newSide, oldSide));
}

function areaWeight(place, scale, length) {
  const begin = place * scale;
  const end = begin + scale;
  const cell = Math.min(scale, length - begin);
  const last = Math.min(Math.floor(end), length - 1);
  const first = Math.min(Math.ceil(begin), last);
  const found = [];
  if (first - begin > 1e-3) found.push([first - 1, Math.fround((first - begin) / cell)]);
  for (let at = first; at < last; at++) found.push([at, Math.fround(1 / cell)]);
  if (end - last > 1e-3) found.push([last, Math.fround(Math.min(end - last, 1, cell) / cell)]);
  return found;
}

function linearWeight(place, scale, length) {
  let share = Math.fround((place + 0.5) * scale - 0.5);
  let first = Math.floor(share);
  share = Math.fround(share - first);
  if (first < 0) [first, share] = [0, 0];
  if (first >= length - 1) [first, share] = [length - 1, 0];
  return [[first, Math.fround(1 - share)], [Math.min(first + 1, length - 1), share]];
}

/** Where OpenCV's area method has to enlarge a side. */
function stretchedWeight(place, scale, length) {
  const first = Math.min(Math.floor(place * scale), length - 1);
  let share = Math.fround(place + 1 - (first + 1) / scale);
  share = share <= 0 ? 0 : Math.fround(share - Math.floor(share));
  return [[first, Math.fround(1 - share)], [Math.min(first + 1, length - 1), first + 1 < length ? share : 0]];
}

function cubicWeight(place, scale, length) {
  const middle = Math.fround((place + 0.5) * scale - 0.5);
  const first = Math.floor(middle);
  const x = middle - first;
  const steep = -0.75;
  const near = (d) => ((steep + 2) * d - (steep + 3)) * d * d + 1;
  const far = ((steep * (x + 1) - 5 * steep) * (x + 1) + 8 * steep) * (x + 1) - 4 * steep;
  const shares = [far, near(x), near(1 - x)];
  shares.push(1 - sum(shares));
  return shares.map((share, offset) => [
    Math.min(length - 1, Math.max(0, first - 1 + offset)), Math.round(share * 2048) / 2048,
  ]);
}

/** A picture of weighted sums, float64. */
export function weighted(image, columns, rows) {
  const width = columns.length;
  const across = picture(width, image.height, Float64Array).data;
  columns.forEach((parts, x) => {
    for (const [from, share] of parts) {
      for (let y = 0; y < image.height; y++) across[y * width + x] += image.data[y * image.width + from] * share;
    }
  });
  const found = picture(width, rows.length, Float64Array);
  rows.forEach((parts, y) => {
    for (const [from, share] of parts) {
      for (let x = 0; x < width; x++) found.data[y * width + x] += across[from * width + x] * share;
    }
  });
  return found;
}

function resized(image, width, height, weigh) {
  return weighted(image, axisWeights(image.width, width, weigh), axisWeights(image.height, height, weigh));
}

const inWhole = (image) => mapped(image, (value) => clamped(rint(value)));

/** cv2.INTER_AREA of a uint8 picture. */
export function resizedByArea(image, width, height) {
  if (image.width === width && image.height === height) return image;
  const weigh = image.width >= width && image.height >= height ? areaWeight : stretchedWeight;
  const found = resized(image, width, height, weigh);
  const isHalved = image.width === 2 * width && image.height === 2 * height;
  return isHalved ? mapped(found, (value) => Math.floor(value + 0.5)) : inWhole(found);
}

/** cv2.INTER_LINEAR of float32. */
export const resizedLinearly = (image, width, height) =>
  mapped(resized(image, width, height, linearWeight), Math.fround, Float32Array);

/** cv2.INTER_CUBIC of a uint8 picture. */
export const resizedCubically = (image, width, height) => inWhole(resized(image, width, height, cubicWeight));

/** cv2.INTER_NEAREST. */
export function resizedToNearest(image, width, height) {
  const found = picture(width, height, image.data.constructor);
  for (let y = 0; y < height; y++) {
    const row = Math.min(image.height - 1, Math.floor((y * image.height) / height)) * image.width;
    for (let x = 0; x < width; x++) {
      found.data[y * width + x] = image.data[row + Math.min(image.width - 1, Math.floor((x * image.width) / width))];
    }
  }
  return found;
}

// ── shapes ─────────────────────────────────────────────────────────────────────────────────────
/** The largest value in a window of so many pixels a side around each pixel. */
export function dilated(image, side = 3) {
  return slid(slid(image, side, 1, Math.max, -Infinity), side, image.width, Math.max, -Infinity);
}

/** The smallest value likewise. */
export function eroded(image, side = 3) {
  return slid(slid(image, side, 1, Math.min, Infinity), side, image.width, Math.min, Infinity);
}

/** ``step`` 1: along rows; the width: along columns. */
function slid(image, side, step, choose, nothing) {
  const found = picture(image.width, image.height, image.data.constructor);
  const [length, lines] = step === 1 ? [image.width, image.height] : [image.height, image.width];
  const across = step === 1 ? image.width : 1;
  const reach = side >> 1;
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < length; at++) {
      let best = nothing;
      const end = Math.min(length - 1, at + reach);
      for (let near = Math.max(0, at - reach); near <= end; near++) {
        best = choose(best, image.data[line * across + near * step]);
      }
      found.data[line * across + at * step] = best;
    }
  }
  return found;
}

/** {labels, pieces}: components that touch at sides or corners; piece 0 is all else. */
export function components(mask) {
  const { width, height } = mask;
  const labels = picture(width, height, Int32Array);
  const pieces = [{ left: 0, top: 0, width, height, area: 0 }];
  const waiting = new Int32Array(width * height);
  for (let start = 0; start < width * height; start++) {
    if (!mask.data[start] || labels.data[start]) continue;
    const number = pieces.length;
    let [left, right, top, bottom, area, count] = [width, 0, height, 0, 0, 1];
    waiting[0] = start;
    labels.data[start] = number;
    while (count) {
      const at = waiting[--count];
      const y = (at / width) | 0;
      const x = at - y * width;
      area++;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      const [lastRow, lastColumn] = [y + 1 < height ? y + 1 : y, x + 1 < width ? x + 1 : x];
      for (let v = y ? y - 1 : 0; v <= lastRow; v++) {
        for (let u = x ? x - 1 : 0; u <= lastColumn; u++) {
          const near = v * width + u;
          if (mask.data[near] && !labels.data[near]) {
            labels.data[near] = number;
            waiting[count++] = near;
          }
        }
      }
    }
    pieces.push({ left, top, width: right - left + 1, height: bottom - top + 1, area });
  }
  return { labels, pieces };
}

const [SIDE, CORNER, KNIGHT] = [1, 1.4, 2.1969].map((length) => rint(length * 65536));

/** The mean distance of the mask's pixels from what is outside, by the chamfer of 5 × 5 (Borgefors 1986). */
export function meanDistance(mask) {
  const { width, data } = padded(mask, 2);
  const far = new Int32Array(data.length);
  const [first, end] = [2 * width, data.length - 2 * width];
  const least = Math.min;
  for (let at = first; at < end; at++) {
    if (!data[at]) continue;
    const [above, top] = [at - width, at - 2 * width];
    const side = least(far[above], far[at - 1]) + SIDE;
    const corner = least(far[above - 1], far[above + 1]) + CORNER;
    const knight = least(far[top - 1], far[top + 1], far[above - 2], far[above + 2]) + KNIGHT;
    far[at] = least(side, corner, knight);
  }
  let [total, count] = [0, 0];
  for (let at = end - 1; at >= first; at--) {
    if (!data[at]) continue;
    const [below, bottom] = [at + width, at + 2 * width];
    const side = least(far[below], far[at + 1]) + SIDE;
    const corner = least(far[below - 1], far[below + 1]) + CORNER;
    const knight = least(far[bottom - 1], far[bottom + 1], far[below - 2], far[below + 2]) + KNIGHT;
    far[at] = least(far[at], side, corner, knight);
    total += far[at];
    count++;
  }
  return count ? total / 65536 / count : 1;
}
