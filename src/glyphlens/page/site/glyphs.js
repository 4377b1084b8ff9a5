/* The ink of a glyph → the canvas that the Arabic recogniser reads. The same as glyphlens.tracks.arabic.reader. */

import { resizedAsByPillow } from "./pillow.js";
import { boxOf, cropped, mapped, picture, rint } from "./pixels.js";

const [CANVAS_PX, DIACRITIC_PX] = [128, 64];
const HALF_INK = 127.5;

/** 128 × 128, 0 or 255: the box of what is at least half ink, its longer side the canvas (of a mark half of it). */
export function fittedGlyph(ink, isMark = false) {
  const target = isMark ? DIACRITIC_PX : CANVAS_PX;
  const { top, bottom, left, right } = boxOf(mapped(ink, (value) => (value > HALF_INK ? 1 : 0)));
  const box = cropped(ink, top, left, bottom - top, right - left);
  const longer = Math.max(box.width, box.height);
  const [width, height] = [box.width, box.height].map((side) => Math.max(1, rint((side * target) / longer)));
  const scaled = resizedAsByPillow(box, width, height);
  const canvas = picture(CANVAS_PX, CANVAS_PX);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) canvas.data[y * CANVAS_PX + x] = scaled.data[y * width + x] > HALF_INK ? 255 : 0;
  }
  return canvas;
}
