/* Faces of a font: names, advances and outlines by HarfBuzz; pictures and geometry, as glyphlens.commands.face_pictures. */

import { Blob as FontBlob, DrawFuncs, Face, Font } from "./lib/harfbuzz/index.mjs";
import { boxAround, changed, contourCollector } from "./contours.js";
import { CANVAS_PX, drawn } from "./coverage.js";
import { faceStarts, FontFault, plainFont, requireOutlines } from "./font_files.js";

export const FEATURES = 7;
const DIACRITIC_PX = 64;
const [HYBRID_ADVANCE, HYBRID_RATIO] = [100, 0.15];
const [FLOATING, SINKING] = [0.28, 0];  // em: what lies above the one or below the other is a mark, which takes no room
const FEWEST_ALIKE = 2;
const UPEM_LIMITS = [16, 16_384];
const [NO_OUTLINE, NO_EXTENT, NO_INK] = ["no outline", "the outline has no extent", "the outline leaves no ink"];
const collector = contourCollector(DrawFuncs);

/** The faces of a font file of any kind; throws FontFault. */
export async function openFaces(bytes) {
  const plain = await plainFont(bytes);
  requireOutlines(plain);
  const blob = new FontBlob(plain);
  return faceStarts(plain).map((_, index) => new FontFace(new Face(blob, index)));
}

class FontFace {
  constructor(face) {
    this.font = new Font(face);
    this.glyphCount = number(face.referenceTable("maxp"), 4);
    this.upem = number(face.referenceTable("head"), 18);
    if (!this.glyphCount) throw new FontFault("the font has no glyphs");
    if (this.upem < UPEM_LIMITS[0] || this.upem > UPEM_LIMITS[1]) {
      throw new FontFault(`${this.upem} units per em, OpenType allows ${UPEM_LIMITS.join(" to ")}`);
    }
    this.hasAdvances = this.tellsAdvances();
  }

  name(gid) {
    const name = this.font.glyphName(gid);
    return name === `gid${gid}` ? "" : name;
  }

  contours(gid) {
    this.font.drawGlyph(gid, collector.functions);
    return collector.taken();
  }

  advance(gid) {
    return this.font.glyphHAdvance(gid);
  }

  /** Whether two drawn glyphs differ in their advance, or there is but one: subsetters write one for all. */
  tellsAdvances() {
    const found = [];
    for (let gid = 1; gid < this.glyphCount; gid++) {
      if (!this.contours(gid).length) continue;
      found.push(this.advance(gid));
      if (found.at(-1) !== found[0]) return true;
    }
    return found.length < FEWEST_ALIKE;
  }
}

/** {picture, geometry} of a glyph as the model reads it, or {fault}; ``rule``: how its training glyphs were scaled. */
export function seenGlyph(face, gid, rule) {
  const contours = face.contours(gid);
  if (!contours.length) return { fault: NO_OUTLINE };
  const [left, bottom, right, top] = boxAround(contours);
  const major = Math.max(right - left, top - bottom);
  if (!major) return { fault: NO_EXTENT };
  const ratio = major / (rule.em_height * face.upem);
  const own = face.hasAdvances ? face.advance(gid) : NaN;
  const isMark = rule.diacritic_rule === "ratio" ? ratio < rule.diacritic_ratio
    : own < HYBRID_ADVANCE || ratio < HYBRID_RATIO;
  const scale = (isMark ? DIACRITIC_PX : CANVAS_PX) / major;
  const picture = drawn(changed(contours, (x) => (x - left) * scale, (y) => (y - top) * scale + CANVAS_PX));
  if (!picture.data.some(Boolean)) return { fault: NO_INK };
  const advance = face.hasAdvances ? own : guessedAdvance(bottom, right, top, face.upem);
  const known = [left, right, bottom, top, advance, major].map((value) => value / face.upem);
  return { picture, geometry: [...known, 1] };
}

function guessedAdvance(bottom, right, top, upem) {
  const isMark = bottom / upem > FLOATING || top / upem < SINKING;
  return isMark ? 0 : Math.max(right, 0);
}

/** A 16-bit number of a table, 0 beyond its end. */
const number = (table, at) => (table && table.length >= at + 2 ? table[at] * 256 + table[at + 1] : 0);
