/* Glyphs that are too likely none of those that the recogniser knows: the same as glyphlens.tracks.arabic.refusal. */

import { bestOf } from "./recognizers.js";

const OTHER = "other";

/** {other, shares}: the place of that class, and a Map from each refused row to its probability there. ``rows``: what the
recogniser says of each glyph by itself; none is refused where the model has no threshold. */
export function refusedOf(rows, { unordered: classes, rule }) {
  const other = classes.findIndex(({ members: [{ label }] }) => label === OTHER);
  const isRefused = (row) => other >= 0 && 1 - row[other] < rule.known_threshold;
  return { other, shares: new Map([...rows.entries()].filter(([, row]) => isRefused(row)).map(([at, row]) => [at, row[other]])) };
}

/** Rows of probabilities in which ``other`` is again as likely for a refused glyph as by itself, if it had become less. */
export function restored(rows, { other, shares }) {
  return rows.map((row, at) => {
    if (!shares.has(at)) return row;
    const share = Math.max(shares.get(at), row[other]);
    const rest = row.reduce((sum, value) => sum + value, 0) - row[other];
    return row.map((value, place) => (place === other ? share : value * (1 - share) / (rest > 0 ? rest : 1)));
  });
}

/** Places of the best classes, ``other`` before all where the glyph is refused. */
export function bestKnown(row, at, count, { other, shares }) {
  if (!shares.has(at)) return bestOf(row, count);
  return [other, ...bestOf(row, count).filter((place) => place !== other)].slice(0, count);
}
