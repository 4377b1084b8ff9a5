/* How likely a class is before its picture is seen: the same as glyphlens.tracks.arabic.prior. */

import { maximum, sum } from "./pixels.js";

export const SURE_ENOUGH = 0.5;  // confidence from which an answer counts as a class that the font has
const POWERS = 21;

/** Rows of probabilities of one font's glyphs, weighed by how many training families have each class. */
export function weighedByCoverage(rows, coverage) {
  if (!coverage.length) return rows;
  const found = new Set(rows.map((row) => [row, maximum(row)]).filter(([, most]) => most >= SURE_ENOUGH)
    .map(([row, most]) => row.indexOf(most))).size;
  const powers = Array.from({ length: POWERS }, (_, at) => 1 - at / (POWERS - 1));
  const power = powers.find((each) => sum(coverage.map((share) => share ** each)) >= found) ?? 0;
  return rows.map((row) => {
    const products = row.map((value, place) => value * coverage[place] ** power);
    const total = sum(products);
    return total > 0 ? products.map((value) => value / total) : products;
  });
}
