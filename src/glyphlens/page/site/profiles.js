/* Rows of numbers: smoothed, their peaks, the middle one; as SciPy and NumPy find them. */

import { sum } from "./pixels.js";

/** A Gaussian filter; ``outside`` gives what lies beyond the ends. */
export function smoothed(values, sigma, outside) {
  const radius = Math.trunc(4 * sigma + 0.5);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp(-((at - radius) ** 2) / (2 * sigma * sigma)));
  const total = sum(kernel);
  return Float64Array.from(values, (_, at) => {
    let found = 0;
    for (let offset = -radius; offset <= radius; offset++) {
      found += (kernel[offset + radius] / total) * (values[at + offset] ?? outside(at + offset));
    }
    return found;
  });
}

/** Local maxima, the middle of level ones; of two that are nearer than ``distance`` the higher. */
export function peaksOf(values, distance) {
  const found = [];
  for (let at = 1; at < values.length - 1; at++) {
    if (values[at - 1] >= values[at]) continue;
    let end = at + 1;
    while (end < values.length - 1 && values[end] === values[at]) end++;
    if (values[end] < values[at]) found.push((at + end - 1) >> 1);
  }
  const kept = new Set(found);
  const ordered = [...found.keys()].sort((one, other) => values[found[other]] - values[found[one]] || other - one);
  for (const number of ordered) {
    if (!kept.has(found[number])) continue;
    for (const other of found) {
      const apart = Math.abs(other - found[number]);
      if (apart && apart < Math.ceil(distance)) kept.delete(other);
    }
  }
  return found.filter((at) => kept.has(at));
}

/** How far a peak stands above the higher of the lows beside it. */
export function prominence(values, peak) {
  const lowest = (step) => {
    let least = values[peak];
    for (let at = peak; at >= 0 && at < values.length && values[at] <= values[peak]; at += step) {
      least = Math.min(least, values[at]);
    }
    return least;
  };
  return values[peak] - Math.max(lowest(-1), lowest(1));
}

export function median(values) {
  const ordered = Float64Array.from(values).sort();
  return (ordered[(ordered.length - 1) >> 1] + ordered[ordered.length >> 1]) / 2;
}
