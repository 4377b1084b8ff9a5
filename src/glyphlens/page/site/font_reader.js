/* Fonts and the fonts of PDFs → what every glyph is: the same as `glyphlens identify`. */

import { FEATURES, openFaces, seenGlyph } from "./font_faces.js";
import { FontFault } from "./font_files.js";
import { likelyFirst, seenCharacters } from "./members.js";
import { SURE_ENOUGH, weighedByCoverage } from "./prior.js";
import { openGraph, openModel, probabilitiesOf, tensor, TOP } from "./recognizers.js";
import { bestKnown, refusedOf, restored } from "./refusal.js";

const BATCH = 32;  // glyphs that are recognised at a time
const READ_TOGETHER = 8192;
const FEWEST = 2;  // glyphs of which one can be the context of another

/** [{face, glyphs}] of a font file's bytes; ``progress``(done, of) is told as glyphs are recognised. Throws FontFault.

Of a glyph {gid, name, fault, bits, best: [{label, codes, confidence}], form, others: [{label, codes}]}. */
export async function readFont(bytes, progress) {
  const model = await openModel("arabic");
  if (model.context) model.contextSession ??= await openGraph(new URL(model.context, model.folder));
  const faces = await openFaces(bytes);
  const total = faces.reduce((count, face) => count + face.glyphCount, 0);
  const found = [];
  let done = 0;
  for (const [number, face] of faces.entries()) {
    const glyphs = await readFace(face, model, (count) => progress(done + count, total));
    done += face.glyphCount;
    found.push({ face: number, glyphs });
  }
  requireDrawn(found.flatMap(({ glyphs }) => glyphs));
  return found;
}

function requireDrawn(glyphs) {
  if (glyphs.some(({ fault }) => !fault)) return;
  const counts = new Map();
  for (const { fault } of glyphs) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const [[reason, count]] = [...counts].sort(([, one], [, other]) => other - one);
  throw new FontFault(`none of its ${glyphs.length} glyphs can be drawn (${reason}, ${count} times)`);
}

async function readFace(face, model, progress) {
  const glyphs = [];
  const rows = [];
  for (let start = 0; start < face.glyphCount; start += BATCH) {
    const gids = Array.from({ length: Math.min(BATCH, face.glyphCount - start) }, (_, at) => start + at);
    const own = gids.map((gid) => ({ gid, name: face.name(gid), ...seenGlyph(face, gid, model.rule) }));
    const seen = own.filter(({ fault }) => !fault);
    if (seen.length) rows.push(...await asFloats(probabilitiesOf(model, seen.map((each) => each.picture), geometryOf(seen))));
    glyphs.push(...own.map(({ picture, geometry, ...each }) => ({ ...each, bits: picture ? packed(picture.data) : null })));
    progress(start + own.length);
  }
  const refused = refusedOf(rows, model);
  return named(glyphs, restored(await inContext(rows, model), refused), refused, model);
}

/** Eight pixels to the byte, the first in the highest bit. */
function packed(data) {
  const found = new Uint8Array(data.length / 8);
  data.forEach((ink, at) => { if (ink) found[at >> 3] |= 128 >> (at & 7); });
  return found;
}

const asFloats = async (rows) => (await rows).map((row) => Float32Array.from(row));

function geometryOf(seen) {
  const found = new Float32Array(FEATURES * seen.length);
  seen.forEach(({ geometry }, row) => found.set(geometry, FEATURES * row));
  return found;
}

/** Rows of probabilities under what the font's other glyphs say, or else under how many fonts have a class. */
async function inContext(rows, model) {
  if (!model.contextSession) return weighedByCoverage(rows, model.coverage);
  const found = [];
  for (let start = 0; start < rows.length; start += READ_TOGETHER) {
    const part = rows.slice(start, start + READ_TOGETHER);
    found.push(...(part.length < FEWEST ? part : await corrected(part, model)));
  }
  return found;
}

async function corrected(rows, model) {
  const size = model.classes.length;
  const joined = new Float32Array(rows.length * size);
  rows.forEach((row, at) => joined.set(row, at * size));
  const { in_context: found } = await model.contextSession.run({
    probabilities: tensor("float32", joined, [rows.length, size]),
  });
  return rows.map((_, at) => found.data.subarray(at * size, (at + 1) * size));
}

function named(glyphs, rows, refused, model) {
  const best = rows.map((row, at) => bestKnown(row, at, TOP, refused));
  const sure = best.filter(([first], at) => rows[at][first] >= SURE_ENOUGH).map(([first]) => first);
  const { writing, unordered: classes } = model;
  const names = likelyFirst(classes, writing, seenCharacters(classes, writing, sure));
  let at = -1;
  return glyphs.map(({ fault = "", ...glyph }) => {
    if (fault) return { ...glyph, fault, best: [], form: "", others: [] };
    at++;
    const answers = best[at].map((place) => ({ ...names[place].members[0], confidence: rows[at][place] }));
    const { form, members } = names[best[at][0]];
    return { ...glyph, fault, best: answers, form, others: members.slice(1) };
  });
}
