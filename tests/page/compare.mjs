// Runs the page's own functions on what Python wrote as JSON to standard input; the answers go to standard output.
import { readFileSync } from "node:fs";

const [site] = process.argv.slice(2);
const load = (name) => import(new URL(name, `file://${site}/`).href);
const { inkReadings, NothingToSee } = await load("picture_ink.js");
const { preparedHandwriting } = await load("handwriting.js");
const { fittedGlyph } = await load("glyphs.js");
const { lineImages } = await load("page_lines.js");
const { canonical, clusters } = await load("khmer.js");
const { CharacterNgram, logChances, readBeam, readGreedily } = await load("ctc.js");
const { placed } = await load("matching.js");
const { likelyFirst, seenCharacters } = await load("members.js");
const { weighedByCoverage } = await load("prior.js");

const asked = JSON.parse(readFileSync(0, "utf8"));
const opened = ({ width, height, data }) => ({ width, height, data: new Uint8Array(Buffer.from(data, "base64")) });
const packed = ({ width, height, data }) => ({ width, height, data: Buffer.from(data).toString("base64") });
const orFault = (read) => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NothingToSee)) throw error;
    return { fault: error.message };
  }
};

const characters = (asked.characters ?? []).map((picture) => orFault(() => inkReadings(opened(picture))
  .map(({ ink, share, tone, isCleared }) => ({
    share, tone, isCleared, glyph: packed(fittedGlyph(ink)), written: packed(preparedHandwriting(ink, asked.rule)),
  }))));
const pages = (asked.pages ?? []).map((picture) => orFault(() => lineImages(opened(picture)).map(packed)));
const texts = (asked.texts ?? []).map((text) => ({ canonical: canonical(text), clusters: clusters(text) }));
const lines = (asked.lines ?? []).map(({ frames, charset, ngram, beam }) => {
  const logs = logChances(Float32Array.from(frames.flat()), frames.length, charset.length + 1);
  return { ...readGreedily(logs, charset), texts: readBeam(logs, charset, new CharacterNgram(ngram), beam) };
});
const matches = (asked.matches ?? []).map(({ texts: own, known }) => placed(own, known));
const names = (asked.seen ?? []).map((places) => {
  const { classes, writing } = asked.model;
  return likelyFirst(classes, writing, places && seenCharacters(classes, writing, places))
    .map(({ members }) => members.map(({ label }) => label));
});
const weighed = (asked.weighed ?? []).map(({ rows, coverage }) => weighedByCoverage(rows, coverage));
// Outlines are read by a package, which only a whole site has.
const faces = asked.fonts ? await load("font_faces.js") : null;
const fonts = [];
for (const data of asked.fonts ?? []) {
  const [face] = await faces.openFaces(new Uint8Array(Buffer.from(data, "base64")));
  const glyphs = Array.from({ length: face.glyphCount }, (_, gid) => faces.seenGlyph(face, gid, asked.rule));
  fonts.push(glyphs.map(({ picture, geometry, fault }) => (fault ? { fault } : { picture: packed(picture), geometry })));
}
process.stdout.write(JSON.stringify({ characters, pages, texts, lines, matches, names, weighed, fonts }));
