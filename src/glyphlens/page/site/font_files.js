/* Files of any kind → plain TrueType/OpenType bytes, as glyphlens.imaging.font_bytes; what cannot be used is named. */

/** Bytes that are no font that can be used; the message says why. */
export class FontFault extends Error {}

export const MAX_FILE_BYTES = 20 * 2 ** 20;
const MAX_UNPACKED_BYTES = 128 * 2 ** 20;  // a few kilobytes can hold gigabytes
const SFNT = ["\0\x01\0\0", "true", "OTTO", "ttcf"];
const [WOFF, WOFF2, PDF] = ["wOFF", "wOF2", "%PDF-"];
const SUFFIXES = /\.(ttf|otf|woff2?|ttc|otc|pf[ab]|cff|dfont)$/iu;
const PDF_BEGINS_WITHIN = 1024;
const OUTLINES = ["glyf", "CFF ", "CFF2"];
const NEEDED = [...OUTLINES, "loca", "head", "maxp"];
const BITMAPS = ["EBDT", "CBDT", "sbix", "bdat", "SVG "];
const COMMANDS_READ = "`glyphlens identify` reads it";

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** "font", "pdf" or "" (a picture, perhaps): what a file holds, by its first bytes and its name. */
export function kindOfFile(name, bytes) {
  const signature = text(bytes, 0, 4);
  if (text(bytes, 0, PDF_BEGINS_WITHIN).includes(PDF)) return "pdf";
  const isFont = [...SFNT, WOFF, WOFF2].includes(signature) || isType1(bytes) || SUFFIXES.test(name);
  return isFont ? "font" : /\.pdf$/iu.test(name) ? "pdf" : "";
}

/** Throws FontFault for a file that is too large to be read in the browser. */
export function requireModest(size) {
  if (size <= MAX_FILE_BYTES) return;
  const limit = MAX_FILE_BYTES / 2 ** 20;
  throw new FontFault(`the file has ${(size / 2 ** 20).toFixed(1)} MiB, and the page reads fonts and PDFs of up to `
    + `${limit} MiB; ${COMMANDS_READ}`);
}

/** TrueType/OpenType bytes of a font file; a collection is left as it is. */
export async function plainFont(bytes) {
  const signature = text(bytes, 0, 4);
  if (SFNT.includes(signature)) return bytes;
  if (signature === WOFF || signature === WOFF2) {
    try {
      return await (signature === WOFF ? unpackedWoff(bytes) : (await import("./woff2.js")).unpackedWoff2(bytes));
    } catch (error) {
      if (error instanceof FontFault) throw error;
      throw new FontFault(`${signature} that does not unpack (${error.message ?? error})`);
    }
  }
  if (isType1(bytes)) throw new FontFault(`a Type 1 font, which the page does not read; ${COMMANDS_READ}`);
  if (isCff(bytes)) return (await import("./cff.js")).openTypeOfCff(bytes);
  const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new FontFault(`no font (ttf, otf, woff, woff2, ttc, cff): the file ${start ? `begins with ${start}` : "is empty"}`);
}

export const isType1 = (bytes) => (bytes[0] === 0x80 && bytes[1] === 1) || text(bytes, 0, 2) === "%!";

const isCff = (bytes) => bytes.length > 4 && bytes[0] === 1 && bytes[1] <= 1 && bytes[2] >= 4 && bytes[2] < 32
  && bytes[3] >= 1 && bytes[3] <= 4;

/** WOFF 1.0 (w3.org/TR/WOFF): each table is deflated by itself. */
async function unpackedWoff(bytes) {
  const source = view(bytes);
  const count = source.getUint16(12);
  const tables = Array.from({ length: count }, (_, at) => {
    const [start, packed, length] = [4, 8, 12].map((field) => source.getUint32(44 + 20 * at + field));
    if (start + packed > bytes.length) throw new FontFault(`the file is cut off within its table ${at + 1} of ${count}`);
    return { tag: text(bytes, 44 + 20 * at, 4), packed: bytes.subarray(start, start + packed), length };
  });
  if (tables.reduce((sum, { length }) => sum + length, 0) > MAX_UNPACKED_BYTES) throw new FontFault("it unpacks to too much");
  const unpacked = tables.map(async ({ tag, packed, length }) => ({
    tag, data: packed.length < length ? await inflated(packed, length) : packed,
  }));
  return openType(text(bytes, 4, 4), await Promise.all(unpacked));
}

/** ``length`` bytes of what deflated bytes hold. */
async function inflated(packed, length) {
  const found = new Uint8Array(length);
  const reader = new Response(packed).body.pipeThrough(new DecompressionStream("deflate")).getReader();
  let filled = 0;
  while (filled < length) {
    const { done, value } = await reader.read();
    if (done) throw new FontFault(`a table ends after ${filled} of ${length} bytes`);
    found.set(value.subarray(0, length - filled), filled);
    filled += value.length;
  }
  await reader.cancel();
  return found;
}

/** An OpenType file of tables {tag, data}; readers search its directory, which is sorted. */
export function openType(flavour, unsorted) {
  const tables = [...unsorted].sort((one, other) => (one.tag < other.tag ? -1 : 1));
  const starts = [];
  let end = 12 + 16 * tables.length;
  for (const { data } of tables) {
    starts.push(end);
    end += Math.ceil(data.length / 4) * 4;
  }
  const bytes = new Uint8Array(end);
  const target = view(bytes);
  const name = (at, tag) => [...tag].forEach((letter, place) => target.setUint8(at + place, letter.charCodeAt(0)));
  name(0, flavour);
  target.setUint16(4, tables.length);
  tables.forEach(({ tag, data }, at) => {
    name(12 + 16 * at, tag);
    target.setUint32(20 + 16 * at, starts[at]);
    target.setUint32(24 + 16 * at, data.length);
    bytes.set(data, starts[at]);
  });
  return bytes;
}

/** Where the faces of plain bytes begin; one face but in a collection. Throws FontFault for one that is cut off. */
export function faceStarts(bytes) {
  if (text(bytes, 0, 4) !== "ttcf") return [0];
  if (bytes.length < 12) throw new FontFault("a collection that ends within its header");
  const count = view(bytes).getUint32(8);
  if (12 + 4 * count > bytes.length) throw new FontFault("a collection that ends within its header");
  return Array.from({ length: count }, (_, at) => view(bytes).getUint32(12 + 4 * at));
}

/** Throws FontFault where outlines are missing from plain bytes, or cut off. */
export function requireOutlines(bytes) {
  const ends = new Map();
  for (const start of faceStarts(bytes)) {
    if (start + 12 > bytes.length) continue;
    const count = view(bytes).getUint16(start + 4);
    for (let at = start + 12; at + 16 <= Math.min(start + 12 + 16 * count, bytes.length); at += 16) {
      const tag = text(bytes, at, 4);
      ends.set(tag, Math.max(ends.get(tag) ?? 0, view(bytes).getUint32(at + 8) + view(bytes).getUint32(at + 12)));
    }
  }
  for (const [tag, end] of ends) {
    if (!NEEDED.includes(tag) || end <= bytes.length) continue;
    const [said, size] = [end, bytes.length].map((number) => number.toLocaleString("en"));
    throw new FontFault(`the file is cut off: its table ${tag.trim()} ends at byte ${said}, the file at ${size}`);
  }
  if (OUTLINES.some((tag) => ends.has(tag))) return;
  const pictures = BITMAPS.filter((tag) => ends.has(tag)).map((tag) => tag.trim());
  throw new FontFault(pictures.length ? `a bitmap font (${pictures.join(", ")}) without outlines` : "it has no table of outlines");
}
