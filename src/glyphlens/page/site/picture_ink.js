/* Grey of a photo, scan or screenshot of one character → its ink, in every way in which the picture may be meant.
The same as glyphlens.imaging.picture_ink; how the numbers were found is said there. */

import { depthOnPaper, twoLevels } from "./paper.js";
import {
  boxOf, clamped, components, cropped, dilated, mapped, meanDistance, padded, resizedByArea, rint, sum,
} from "./pixels.js";

export const MIN_CONTRAST = 32;
const SPECK = 0.35;
const [EDGE, SPAN] = [0.125, 0.9];
const [THIN, THICK] = [0.6, 1.7];
const FOREIGN = { line: 0.97, piece: 0.5, frame: 0.97, frameLikeStrokes: 0.6, innerFrame: 0.15, onAllSides: 0.2 };
const MARGIN = 0.25;
const LEAST_SHARE = 0.02;
const CUE_PX = 128;
const BORDER = 0.02;
const CUE_WEIGHTS = [6, 5, 3, 8];

/** What cannot be read, said to a person. */
export class NothingToSee extends Error {}

/** [{ink, share, tone, isCleared}], the most probable first; ``lean``: what else speaks for dark ink, a logit. */
export function inkReadings(grey, lean = 0) {
  const layers = { dark: layersOf(grey), light: layersOf(mapped(grey, (value) => 255 - value)) };
  const tones = Object.keys(layers).filter((tone) => layers[tone].length);
  if (!tones.length) {
    const { ink, paper } = twoLevels(grey.data);
    throw new NothingToSee(
      `nothing to see: ink and paper differ by ${Math.round(ink - paper)} grey levels, at least ${MIN_CONTRAST} are needed`,
    );
  }
  const shares = toneShares(layers, tones, lean);
  const found = tones.flatMap((tone) => layers[tone]
    .filter((layer) => shares[tone] * layer.share >= LEAST_SHARE)
    .map((layer) => ({
      ink: aroundCharacter(layer), share: shares[tone] * layer.share, tone, isCleared: layer.seen.data.includes(0),
    })));
  const total = sum(found.map((reading) => reading.share));
  return found.map((each) => ({ ...each, share: each.share / total })).sort((one, other) => other.share - one.share);
}

function toneShares(layers, tones, lean) {
  if (tones.length === 1) return { [tones[0]]: 1 };
  const [dark, light] = ["dark", "light"].map((tone) => toneCues(layers[tone].reduce(
    (best, layer) => (layer.share > best.share ? layer : best),
  )));
  const logit = lean + sum(CUE_WEIGHTS.map((weight, cue) => weight * (dark[cue] - light[cue])));
  const share = 1 / (1 + Math.exp(-Math.min(50, Math.max(-50, logit))));
  return { dark: share, light: 1 - share };
}

/** What speaks for a layer's being ink: paper at the border, little ink, strokes that the border does not cut, contrast. */
function toneCues(layer) {
  const [top, bottom] = inner(layer.seen, layer.seen.height, layer.seen.width, 1);
  const [left, right] = inner(layer.seen, layer.seen.width, layer.seen.height, 0);
  const ink = cropped(layer.ink, top, left, bottom - top, right - left);
  const scale = Math.min(1, CUE_PX / Math.max(ink.width, ink.height));
  const [width, height] = [ink.width, ink.height].map((side) => Math.max(1, rint(side * scale)));
  const isInk = mapped(resizedByArea(ink, width, height), (value) => (value > 127 ? 1 : 0));
  const ring = Math.max(1, rint(BORDER * Math.max(width, height)));
  const { labels, pieces } = components(isInk);
  const isCut = new Uint8Array(pieces.length);
  let [ringPixels, ringInk] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x >= ring && y >= ring && x < width - ring && y < height - ring) continue;
      isCut[labels.data[y * width + x]] = 1;
      ringPixels++;
      ringInk += isInk.data[y * width + x];
    }
  }
  const inked = sum(isInk.data);
  const cut = sum(pieces.map((piece, number) => (number && isCut[number] ? piece.area : 0)));
  return [-ringInk / ringPixels, -inked / (width * height), -cut / Math.max(1, inked), layer.separability];
}

/** From the first to behind the last line of which at least half is seen. */
function inner(seen, lines, length, isAlongRows) {
  const share = (line) => {
    let count = 0;
    for (let at = 0; at < length; at++) count += seen.data[isAlongRows ? line * length + at : at * lines + line];
    return count / length;
  };
  const found = Array.from({ length: lines }, (_, line) => line).filter((line) => share(line) >= 0.5);
  return found.length ? [found[0], found.at(-1) + 1] : [0, lines];
}

/** All of the dark ink of a picture, if there is any, and where something lies at its border, what else there is. */
function layersOf(light) {
  const whole = layerOf(light, mapped(light, () => 1));
  if (!whole) return [];
  const pieces = piecesOf(whole);
  const border = borderPieces(pieces);
  if (!border.includes(true)) return [whole];
  const grown = dilated(mapped(pieces.labels, (label) => (border[label] ? 1 : 0), Uint8Array), 5);
  const rest = layerOf(light, mapped(grown, (value) => 1 - value));
  if (!rest) return [whole];
  const share = foreignShare(pieces, border, piecesOf(rest));
  return [{ ...whole, share: 1 - share }, { ...rest, share }];
}

function layerOf(light, seen) {
  if (!seen.data.includes(1)) return null;
  const { depth, levels } = depthOnPaper(light, seen);
  const contrast = levels.ink - levels.paper;
  if (contrast < MIN_CONTRAST) return null;
  const ink = mapped(depth, (value, at) => (
    seen.data[at] ? clamped(rint((value - levels.paper) * (255 / contrast))) : 0
  ));
  return { ink, seen, separability: levels.separability, share: 1, pieces: null };
}

/** The components of what is at least half ink, and the width of the strokes; of each layer made once. */
function piecesOf(layer) {
  layer.pieces ??= foundPieces(layer);
  return layer.pieces;
}

function foundPieces(layer) {
  const isInk = mapped(layer.ink, (value) => (value > 127 ? 1 : 0));
  const strokePx = Math.max(1, 4 * meanDistance(isInk) - 2);
  const { labels, pieces } = components(isInk);
  const isStroke = pieces.map((piece, number) => number > 0 && piece.area >= (SPECK * strokePx) ** 2);
  return { labels, pieces, strokePx, isStroke };
}

function borderPieces({ labels, pieces, isStroke }) {
  const [top, left] = [labels.height, labels.width].map((side) => rint(EDGE * side));
  const isInner = new Uint8Array(pieces.length);
  for (let y = top; y < labels.height - top; y++) {
    for (let x = left; x < labels.width - left; x++) isInner[labels.data[y * labels.width + x]] = 1;
  }
  return pieces.map((piece, number) => isStroke[number] && !isInner[number]
    && (sides(piece, labels).includes(true) || spans(piece, labels).every(Boolean)));
}

const spans = (piece, { width, height }) => [piece.width >= SPAN * width, piece.height >= SPAN * height];

const sides = (piece, { width, height }) => [
  piece.left === 0, piece.top === 0, piece.left + piece.width === width, piece.top + piece.height === height,
];

/** How probable it is that the pieces at the border are no strokes. */
function foreignShare({ labels, pieces }, border, rest) {
  const isCut = (piece) => sides(piece, labels).includes(true);
  if (rest.pieces.some((piece, number) => rest.isStroke[number] && isCut(piece))) return 0;
  const own = pieces.filter((_, number) => border[number]);
  const frames = own.filter((piece) => spans(piece, labels).every(Boolean));
  if (!frames.length) {
    if ([0, 1, 2, 3].every((side) => own.some((piece) => sides(piece, labels)[side]))) return FOREIGN.onAllSides;
    return own.some((piece) => spans(piece, labels).includes(true)) ? FOREIGN.line : FOREIGN.piece;
  }
  const thickness = sum(frames.map((piece) => piece.area)) / (2 * (labels.width + labels.height));
  if (thickness < THIN * rest.strokePx || thickness > THICK * rest.strokePx) return FOREIGN.frame;
  return own.some(isCut) ? FOREIGN.frameLikeStrokes : FOREIGN.innerFrame;
}

/** The ink without dust, cut to its box, with paper around it. */
function aroundCharacter(layer) {
  const { labels, isStroke } = piecesOf(layer);
  const chosen = (isChosen) => mapped(labels, (label) => (label && isChosen(label) ? 1 : 0), Uint8Array);
  const hasStrokes = isStroke.includes(true);
  const kept = chosen((label) => !hasStrokes || isStroke[label]);
  const dust = chosen((label) => hasStrokes && !isStroke[label]);
  let { ink } = layer;
  if (dust.data.includes(1)) {
    const [near, around] = [dilated(kept), dilated(dust)];
    ink = mapped(ink, (value, at) => (around.data[at] && !near.data[at] ? 0 : value));
  }
  const box = boxOf(kept);
  const [top, left] = [Math.max(0, box.top - 1), Math.max(0, box.left - 1)];
  const [bottom, right] = [Math.min(ink.height, box.bottom + 1), Math.min(ink.width, box.right + 1)];
  const cut = cropped(ink, top, left, bottom - top, right - left);
  return padded(cut, rint(MARGIN * Math.max(cut.width, cut.height)));
}
