/* A picture of printed text → its lines, straight and even.
The same as glyphlens.inference.page and glyphlens.imaging.line_images. */

import { lineBands, Pieces } from "./bands.js";
import { NothingToSee } from "./picture_ink.js";
import {
  clamped, cropped, dilated, eroded, mapped, maximum, picture, resizedByArea, resizedLinearly, rint, sum,
} from "./pixels.js";
import { median, smoothed } from "./profiles.js";
import { skewOf, turnedBy } from "./straightening.js";

const [MIN_CONTRAST, GRAIN_PX, LEAST_LETTER_PX, MOST_INK] = [24, 5, 5, 0.6];
const [BACKGROUND_SHARE, LEAST_WINDOW_PX] = [24, 24];
const [RULE_ASPECT, LARGE] = [12, 6];
const SIDEWAYS_GAIN = 2.5;
const [FINE_SCALE, COARSE_SCALE] = [0.4, 2.5];
const [ROOM_ABOVE, ROOM_BELOW, PADDING] = [0.45, 0.3, 0.12];
const [PAPER_SHARE, INK_SHARE, LEAST_CONTRAST] = [0.15, 0.995, 24];
const NOISE_SHARE = Math.fround(0.06);
const fround = Math.fround;

// ── lines of a page ────────────────────────────────────────────────────────────────────────────
export function lineImages(grey) {
  let strength = pageInk(grey);
  let pieces = textPieces(strength);
  const angle = skewOf(pieces);
  if (angle) {
    strength = turnedBy(strength, angle);
    pieces = textPieces(strength);
  }
  if (contrastOfLines(pieces, false) > SIDEWAYS_GAIN * contrastOfLines(pieces, true)) {
    throw new NothingToSee("the text stands on its side, or runs from top to bottom; turn the picture by 90°");
  }
  return lineBands(pieces).map((band) => lineImage(strength, pieces, band));
}

/** Ink, paper 0 and the strongest ink 255: what differs from the paper around it. */
function pageInk(grey) {
  const [low, middle, high] = percentiles(grey.data, [0.5, 50, 99.5]);
  const light = middle - low >= high - middle ? grey : mapped(grey, (value) => 255 - value);
  const paper = shadeOfPaper(light);
  let strength = mapped(light, (value, at) => fround(paper.data[at] - value), Float32Array);
  const usual = fround(median(strength.data));
  strength = mapped(strength, (value) => Math.max(0, fround(value - usual)), Float32Array);
  const strokes = maximum(boxMean(strength, GRAIN_PX, reflected).data);
  if (strokes < MIN_CONTRAST) {
    throw new NothingToSee(`no text: ink and paper differ by ${rint(strokes)} grey levels, ${MIN_CONTRAST} are needed`);
  }
  const strongest = Math.max(percentiles(strength.data, [99.9])[0], maximum(strength.data) / 2);
  return mapped(strength, (value) => rint(Math.min(fround(value * fround(255 / strongest)), 255)));
}

function percentiles(values, shares) {
  const ordered = values.slice().sort();
  return shares.map((share) => {
    const place = ((ordered.length - 1) * share) / 100;
    const low = Math.floor(place);
    return ordered[low] + (place - low) * ((ordered[low + 1] ?? ordered[low]) - ordered[low]);
  });
}

/** The shade of the paper under dark ink: a closing that no letter survives, smoothed (Serra 1982). */
function shadeOfPaper(light) {
  const { width, height } = light;
  const share = Math.floor(Math.max(width, height) / BACKGROUND_SHARE);
  const window = Math.max(LEAST_WINDOW_PX, Math.min(share, 4 * Math.min(width, height)));
  const step = Math.max(1, Math.floor(window / LEAST_WINDOW_PX));
  let small = resizedByArea(light, Math.ceil(width / step), Math.ceil(height / step));
  if (Math.min(small.width, small.height) >= 3) small = medianOf9(small);
  const side = Math.max(3, Math.floor(window / step)) | 1;
  const closed = eroded(dilated(small, side), side);
  return resizedLinearly(mapped(boxMean(closed, side, repeated), rint), width, height);
}

function medianOf9(image) {
  const near = new Uint8Array(9);
  return mapped(image, (_, at) => {
    const [x, y] = [at % image.width, Math.trunc(at / image.width)];
    for (let place = 0; place < 9; place++) {
      const [u, v] = [repeated(x + (place % 3) - 1, image.width), repeated(y + Math.trunc(place / 3) - 1, image.height)];
      near[place] = image.data[v * image.width + u];
    }
    return near.sort()[4];
  });
}

const repeated = (at, length) => Math.min(length - 1, Math.max(0, at));

function reflected(at, length) {
  if (length === 1) return 0;
  const round = 2 * length - 2;
  const place = ((at % round) + round) % round;
  return place < length ? place : round - place;
}

/** The mean over a window around each pixel; ``beyond`` says which pixel stands for one outside. */
function boxMean(image, side, beyond) {
  const reach = side >> 1;
  const along = (source, length, lines, step, across) => {
    const found = new Float64Array(source.length);
    for (let line = 0; line < lines; line++) {
      let total = 0;
      for (let at = -reach; at < reach; at++) total += source[line * across + beyond(at, length) * step];
      for (let at = 0; at < length; at++) {
        total += source[line * across + beyond(at + reach, length) * step];
        found[line * across + at * step] = total;
        total -= source[line * across + beyond(at - reach, length) * step];
      }
    }
    return found;
  };
  const { width, height, data } = image;
  const sums = along(along(data, width, height, 1, width), height, width, width, 1);
  return { width, height, data: sums.map((total) => total / (side * side)) };
}

/** The connected pieces of ink that can be text: no rules, pictures, frames and specks. */
function textPieces(strength) {
  const threshold = Math.max(otsuThreshold(strength.data), MIN_CONTRAST);
  const isInk = mapped(strength, (value) => (value > threshold ? 1 : 0));
  const share = sum(isInk.data) / isInk.data.length;
  if (share > MOST_INK) throw new NothingToSee(`no text: ${Math.round(100 * share)}% of the picture is ink`);
  const pieces = Pieces.of(isInk);
  const { letterPx } = pieces;
  if (letterPx < LEAST_LETTER_PX) {
    throw new NothingToSee(`no text: what stands out is ${letterPx} pixels high, letters have ${LEAST_LETTER_PX}`);
  }
  const isRule = (long, short) => long > RULE_ASPECT * short && long > 3 * letterPx;
  return pieces.kept(({ width, height, area }) => !(isRule(width, height) || isRule(height, width)
    || height > LARGE * letterPx || area < Math.max(3, (0.09 * letterPx) ** 2)));
}

function otsuThreshold(values) {
  const shares = new Float64Array(256);
  for (const value of values) shares[value] += 1 / values.length;
  const mean = sum(shares.map((share, level) => share * level));
  let [best, most, below, first] = [0, 0, 0, 0];
  shares.forEach((share, level) => {
    first *= below;
    below += share;
    const above = 1 - below;
    if (Math.min(below, above) < 1.1920929e-7) return;
    first = (first + level * share) / below;
    const between = below * above * (first - (mean - below * first) / above) ** 2;
    if (between > most) [best, most] = [level, between];
  });
  return best;
}

/** How much ink differs from line to line, where lines run along rows or columns, in shares of the mean. */
function contrastOfLines(pieces, isAlongRows) {
  const mask = pieces.mask();
  let profile = new Float64Array(isAlongRows ? mask.height : mask.width);
  mask.data.forEach((own, at) => { profile[isAlongRows ? Math.trunc(at / mask.width) : at % mask.width] += own; });
  const inked = [...profile.keys()].filter((at) => profile[at]);
  profile = profile.slice(inked[0], inked.at(-1) + 1);
  const [fine, coarse] = [FINE_SCALE * pieces.letterPx, COARSE_SCALE * pieces.letterPx];
  const padding = Math.trunc(2 * coarse);
  const values = new Float64Array(profile.length + 2 * padding);
  values.set(profile, padding);
  const mirrored = (at) => values[mirror(at, values.length)];
  const [sharp, blunt] = [smoothed(values, fine, mirrored), smoothed(values, coarse, mirrored)];
  const differences = sharp.map((value, at) => value - blunt[at]);
  const mean = sum(differences) / differences.length;
  const deviation = Math.sqrt(sum(differences.map((value) => (value - mean) ** 2)) / differences.length);
  return deviation / (sum(values) / values.length);
}

function mirror(at, length) {
  const place = ((at % (2 * length)) + 2 * length) % (2 * length);
  return place < length ? place : 2 * length - 1 - place;
}

function lineImage(strength, pieces, { top, bottom, letterPx, pieces: own }) {
  const pad = PADDING * letterPx;
  const upper = Math.max(0, Math.trunc(Math.min(own.least("top"), top - ROOM_ABOVE * letterPx) - pad));
  const lower = Math.min(strength.height, Math.ceil(Math.max(own.most("bottom"), bottom + ROOM_BELOW * letterPx) + pad));
  const left = Math.max(0, Math.trunc(own.least("left") - pad));
  const right = Math.min(strength.width, Math.ceil(own.most("right") + pad));
  const cut = [upper, left, lower - upper, right - left];
  const [mask, all] = [own.mask(...cut), pieces.mask(...cut)];
  const around = dilated(mapped(all, (value, at) => (value && !mask.data[at] ? 1 : 0)));
  const ink = mapped(cropped(strength, ...cut), (value, at) => (around.data[at] && !mask.data[at] ? 0 : value));
  return preparedLine(ink);
}

// ── one line ───────────────────────────────────────────────────────────────────────────────────
/** Ink of any light → even paper 0, ink 255. */
function preparedLine(ink) {
  const [darkest, middle, brightest] = levelsAt(ink.data.map((value) => 255 - value), [0.01, 0.5, 0.99]);
  const dark = middle - darkest < brightest - middle ? mapped(ink, (value) => 255 - value) : ink;
  const paper = paperAlong(dark);
  const depth = mapped(dark, (value, at) => fround(value - paper[at % dark.width]), Float32Array);
  const [found] = levelsAt(Uint8Array.from(depth.data.map((value) => Math.max(value, 0))), [INK_SHARE]);
  const contrast = Math.max(found, LEAST_CONTRAST);
  const gain = fround(1 - 0.06);
  return mapped(depth, (value) => {
    const share = fround(fround(fround(value / contrast) - NOISE_SHARE) / gain);
    return clamped(fround(fround(share * 255) + 0.5));
  });
}

/** The grey levels below which these shares of the pixels lie. */
function levelsAt(values, shares) {
  const counts = new Float64Array(256);
  for (const value of values) counts[value]++;
  return shares.map((share) => {
    let reached = 0;
    return counts.findIndex((count) => (reached += count) >= share * values.length);
  });
}

/** Darkness of the paper along the line: a low percentile of wide blocks of columns, joined smoothly. */
function paperAlong(dark) {
  const { width, height } = dark;
  const blocks = Math.max(1, rint(width / (2 * height)));
  const edges = Array.from({ length: blocks + 1 }, (_, at) => Math.trunc((at * width) / blocks));
  const levels = edges.slice(1).map((end, at) => {
    const part = cropped(dark, 0, edges[at], height, end - edges[at]);
    return levelsAt(part.data, [PAPER_SHARE])[0];
  });
  const centres = edges.slice(1).map((end, at) => (edges[at] + end) / 2);
  return Float32Array.from({ length: width }, (_, x) => {
    const next = centres.findIndex((centre) => centre > x);
    if (next === 0) return levels[0];
    if (next < 0) return levels.at(-1);
    const slope = (levels[next] - levels[next - 1]) / (centres[next] - centres[next - 1]);
    return slope * (x - centres[next - 1]) + levels[next - 1];
  });
}
