/* Connected pieces of a page's ink → the lines that they belong to, in reading order.
The same as glyphlens.inference.line_bands; how the numbers were found is said there. */

import { components, maximum, picture, sum } from "./pixels.js";
import { median, peaksOf, prominence, smoothed } from "./profiles.js";

const SINGLE_LINE = 2.6;
const [COLUMN_GAP, COLUMN_HEIGHT] = [1.6, 5];
const BLOCK_GAP = 0.5;
const STRIP_GAP = 0.3;
const [MARKS_HEIGHT, MARKS_GAP] = [0.9, 0.4];
const LETTER_LIKE = 0.45;
const [SMOOTHING, LEAST_PITCH, PROMINENCE] = [0.3, 1.1, 0.25];
const OVERLAP = 0.6;
const [SIDE_COST, BODY_COST] = [1.5, 0.25];

/** Some pieces of a page: their boxes and areas by number, and whose ink each pixel is. */
export class Pieces {
  constructor(labels, list) {
    Object.assign(this, { labels, list });
    this.letterPx = letterHeight(labels, list);
  }

  static of(mask) {
    const { labels, pieces } = components(mask);
    return new Pieces(labels, pieces.map((piece, number) => boxed({ ...piece, number })).slice(1));
  }

  kept(isKept) {
    return new Pieces(this.labels, this.list.filter(isKept));
  }

  /** 1 where their ink is, in a part of the page. */
  mask(top = 0, left = 0, height = this.labels.height, width = this.labels.width) {
    const isOwn = new Uint8Array(maximum(this.list.map((piece) => piece.number)) + 1);
    for (const piece of this.list) isOwn[piece.number] = 1;
    const found = picture(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        found.data[y * width + x] = isOwn[this.labels.data[(top + y) * this.labels.width + left + x]] ?? 0;
      }
    }
    return found;
  }

  least(side) {
    return Math.min(...this.list.map((piece) => piece[side]));
  }

  most(side) {
    return maximum(this.list.map((piece) => piece[side]));
  }
}

const boxed = (piece) => ({ ...piece, right: piece.left + piece.width, bottom: piece.top + piece.height });

/** The height in which half of the ink is; frames and pictures apart. */
function letterHeight({ width, height }, list) {
  if (!list.length) return 0;
  const usual = list.filter((piece) => !(piece.height > height / 3 && piece.width > width / 3));
  const chosen = (usual.length ? usual : [...list]).sort((one, other) => one.height - other.height);
  const half = sum(chosen.map((piece) => piece.area)) / 2;
  let reached = 0;
  return chosen.find((piece) => (reached += piece.area) >= half).height;
}

/** [{top, bottom, letterPx, pieces}] of the lines: columns from left to right, in each of them from top to bottom. */
export function lineBands(pieces) {
  if (pieces.labels.height < SINGLE_LINE * pieces.letterPx) return [bandOf(pieces)];
  const found = columnsOf(pieces, pieces.letterPx);
  return (found.length ? found : [pieces]).flatMap(stripsOf).flatMap(linesOf);
}

// ── columns ────────────────────────────────────────────────────────────────────────────────────
function columnsOf(block, letterPx) {
  for (const [left, right] of gaps(block, "left", "right", COLUMN_GAP * letterPx)) {
    const isLeft = (piece) => piece.right <= (left + right) / 2;
    const halves = [block.kept(isLeft), block.kept((piece) => !isLeft(piece))];
    if (halves.every((half) => half.most("bottom") - half.least("top") > COLUMN_HEIGHT * letterPx)) {
      return halves.flatMap((half) => orItself(columnsOf(half, letterPx), half));
    }
  }
  for (const [top, bottom] of gaps(block, "top", "bottom", BLOCK_GAP * letterPx).slice(0, 1)) {
    const isAbove = (piece) => piece.bottom <= (top + bottom) / 2;
    const parts = [block.kept(isAbove), block.kept((piece) => !isAbove(piece))];
    const found = parts.map((part) => columnsOf(part, letterPx));
    if (found.some((own) => own.length)) return parts.flatMap((part, at) => orItself(found[at], part));
  }
  return [];
}

const orItself = (found, whole) => (found.length ? found : [whole]);

/** Where no piece lies, at least so wide, the widest first. */
function gaps(block, begin, end, least) {
  const ordered = [...block.list].sort((one, other) => one[begin] - other[begin]);
  const found = [];
  let reached = ordered[0][end];
  for (const piece of ordered.slice(1)) {
    if (piece[begin] - reached >= least) found.push([reached, piece[begin]]);
    reached = Math.max(reached, piece[end]);
  }
  return found.sort((one, other) => (other[1] - other[0]) - (one[1] - one[0]));
}

// ── strips between white rows ──────────────────────────────────────────────────────────────────
function stripsOf(block) {
  const cuts = gaps(block, "top", "bottom", STRIP_GAP * block.letterPx).map(([top, bottom]) => (top + bottom) / 2);
  cuts.sort((one, other) => one - other);
  const place = (piece) => cuts.filter((cut) => cut < (piece.top + piece.bottom) / 2).length;
  const strips = Array.from({ length: cuts.length + 1 }, (_, number) => block.kept((piece) => place(piece) === number))
    .filter((strip) => strip.list.length);
  for (let pair = marksAndLetters(strips); pair; pair = marksAndLetters(strips)) {
    const [first, second] = pair;
    const joined = new Pieces(block.labels, [...strips[first].list, ...strips[second].list]);
    strips.splice(first, 2, joined);
  }
  return strips;
}

/** The strip of marks that is nearest to the letters of a neighbour, and that neighbour; from above on. */
function marksAndLetters(strips) {
  const found = [];
  strips.forEach((strip, own) => {
    for (const other of [own - 1, own + 1]) {
      if (other < 0 || other >= strips.length) continue;
      const [upper, lower] = [strips[Math.min(own, other)], strips[Math.max(own, other)]];
      const gap = (lower.least("top") - upper.most("bottom")) / strips[other].letterPx;
      const height = (strip.most("bottom") - strip.least("top")) / strips[other].letterPx;
      if (height < MARKS_HEIGHT && gap < MARKS_GAP) found.push([gap, own, other]);
    }
  });
  found.sort((one, next) => one[0] - next[0] || one[1] - next[1] || one[2] - next[2]);
  return found.length ? [found[0][1], found[0][2]].sort((one, next) => one - next) : null;
}

// ── lines of a strip ───────────────────────────────────────────────────────────────────────────
function linesOf(strip) {
  const middles = middlesOf(strip);
  if (middles.length < 2) return [bandOf(strip)];
  const parted = partedAt(strip, middles);
  const line = sharedOut(parted, middles);
  const lines = middles.map((_, number) => parted.list.filter((__, at) => line[at] === number));
  return lines.filter((list) => list.length).map((list) => bandOf(new Pieces(parted.labels, list)));
}

/** The rows in the middle of the letters of each line: where most ink of letters is. */
function middlesOf(strip) {
  const { letterPx } = strip;
  const letters = strip.kept((piece) => piece.height >= LETTER_LIKE * letterPx);
  const [top, bottom, left, right] = [
    letters.least("top"), letters.most("bottom"), letters.least("left"), letters.most("right"),
  ];
  const mask = letters.mask(top, left, bottom - top, right - left);
  const room = Math.trunc(2 * letterPx);
  const rows = new Float64Array(mask.height + 2 * room);
  for (let y = 0; y < mask.height; y++) rows[room + y] = sum(mask.data.subarray(y * mask.width, (y + 1) * mask.width));
  const profile = smoothed(rows, SMOOTHING * letterPx, () => 0);
  return peaksOf(profile, Math.max(1, LEAST_PITCH * letterPx))
    .filter((at) => prominence(profile, at) >= PROMINENCE * profile[at]).map((at) => at - room + top);
}

/** The band of a line: between the usual top and the usual bottom of its letters. */
function bandOf(own) {
  const { letterPx } = own;
  const usual = own.list.filter((piece) => piece.height >= 0.7 * letterPx && piece.height <= 1.6 * letterPx);
  const letters = usual.length ? usual : own.list;
  const [top, bottom] = ["top", "bottom"].map((side) => median(letters.map((piece) => piece[side])));
  return { top, bottom: Math.max(bottom, top + 1), letterPx, pieces: own };
}

/** The pieces, those that join the letters of two lines or more cut where they are thinnest, from above on. */
function partedAt(strip, middles) {
  const half = strip.letterPx / 2;
  let { labels, list } = strip;
  for (let at = 0; at + 1 < middles.length; at++) {
    const [upper, lower] = [middles[at], middles[at + 1]];
    const joined = list.filter((piece) => piece.top < upper && piece.bottom > lower);
    if (!joined.length) continue;
    labels = { ...labels, data: labels.data.slice() };
    let fresh = maximum(labels.data) + 1;
    for (const piece of joined) {
      const row = thinnestRow(labels, piece, Math.trunc(upper + half), Math.ceil(lower - half));
      for (let pixel = row * labels.width; pixel < piece.bottom * labels.width; pixel++) {
        if (labels.data[pixel] === piece.number) labels.data[pixel] = fresh;
      }
      list = [...list, { number: fresh++ }];
    }
    list = measured(labels, list);
  }
  return new Pieces(labels, list);
}

function thinnestRow(labels, { number, left, right }, begin, end) {
  const ink = [];
  for (let y = begin; y < Math.max(end, begin + 1); y++) {
    let count = 0;
    for (let x = left; x < right; x++) count += labels.data[y * labels.width + x] === number;
    ink.push(count);
  }
  const least = Math.min(...ink);
  return begin + Math.trunc(median([...ink.keys()].filter((at) => ink[at] === least)));
}

function measured(labels, list) {
  const found = new Map(list.map(({ number }) => [number, { left: Infinity, top: Infinity, right: 0, bottom: 0, area: 0 }]));
  labels.data.forEach((label, at) => {
    const own = found.get(label);
    if (!own) return;
    const [x, y] = [at % labels.width, Math.trunc(at / labels.width)];
    Object.assign(own, {
      left: Math.min(own.left, x), top: Math.min(own.top, y), right: Math.max(own.right, x + 1), bottom: y + 1,
      area: own.area + 1,
    });
  });
  return list.map(({ number }) => ({ ...found.get(number), number }))
    .map((own) => ({ ...own, width: own.right - own.left, height: own.bottom - own.top }));
}

/** For each piece the number of its line: letters by where they stand, marks by what they stand at. */
function sharedOut({ list, letterPx }, middles) {
  const [tops, bottoms] = [middles.map((at) => at - letterPx / 2), middles.map((at) => at + letterPx / 2)];
  const centres = list.map((piece) => (piece.top + piece.bottom) / 2);
  const line = list.map((piece, at) => {
    const shares = middles.map((_, number) => (Math.min(piece.bottom, bottoms[number]) - Math.max(piece.top, tops[number]))
      / Math.min(piece.height, bottoms[number] - tops[number]));
    const most = maximum(shares);
    if (most >= OVERLAP) return shares.indexOf(most);
    if (centres[at] <= middles[0]) return 0;
    return centres[at] >= middles.at(-1) ? middles.length - 1 : -1;
  });
  for (let upper = 0; upper + 1 < middles.length; upper++) {
    const near = [...list.keys()].filter((at) => (line[at] < 0 && centres[at] < middles[upper + 1])
      || line[at] === upper || line[at] === upper + 1);
    const costs = near.map((at) => [
      Math.max(0, list[at].top - bottoms[upper]), Math.max(0, tops[upper + 1] - list[at].bottom),
    ]);
    giveMarks(near.map((at) => list[at]), costs, near.map((at) => line[at] - upper))
      .forEach((own, at) => { line[near[at]] = upper + own; });
  }
  return line;
}

/** Marks between two lines, one after the other given to the line (0 or 1) of the piece that is nearest. */
function giveMarks(near, gapsOf, given) {
  const line = given.map((own) => (own < 0 ? -1 : own));
  const cost = near.map(() => [Infinity, Infinity]);
  const approach = (number) => near.forEach((piece, at) => {
    const from = near[number];
    const side = Math.max(0, from.left - piece.right, piece.left - from.right);
    const height = Math.max(0, from.top - piece.bottom, piece.top - from.bottom);
    const own = line[number];
    cost[at][own] = Math.min(cost[at][own], Math.hypot(height, SIDE_COST * side) + BODY_COST * gapsOf[at][own]);
  });
  line.forEach((own, number) => { if (own >= 0) approach(number); });
  for (let open = openMarks(line); open.length; open = openMarks(line)) {
    const choices = open.flatMap((at) => [[at, 0], [at, 1]]);
    const [number, own] = choices.reduce((best, each) => (cost[each[0]][each[1]] < cost[best[0]][best[1]] ? each : best));
    line[number] = own;
    approach(number);
  }
  return line;
}

const openMarks = (line) => [...line.keys()].filter((at) => line[at] < 0);
