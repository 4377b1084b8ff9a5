/* WOFF 2.0 → plain TrueType/OpenType bytes (w3.org/TR/WOFF2): Brotli by WebAssembly, then tables put back in their form.

Instructions are left out: outlines are read without hints. */

import brotli, { BrotliDecStream } from "./lib/brotli/brotli_dec_wasm.js";
import { FontFault, openType } from "./font_files.js";

const MAX_UNPACKED_BYTES = 128 * 2 ** 20;  // a few kilobytes can hold gigabytes
const TAGS = ("cmap head hhea hmtx maxp name OS/2 post cvt_ fpgm glyf loca prep CFF_ VORG EBDT EBLC gasp hdmx kern LTSH "
  + "PCLT VDMX vhea vmtx BASE GDEF GPOS GSUB EBSC JSTF MATH CBDT CBLC COLR CPAL SVG_ sbix acnt avar bdat bloc bsln cvar "
  + "fdsc feat fmtx fvar gvar hsty just lcar mort morx opbd prop trak Zapf Silf Glat Gloc Feat Sill")
  .split(" ").map((tag) => tag.replace("_", " "));
const [OWN_TAG, UNTRANSFORMED_OUTLINES] = [63, 3];
const [WORD, MUCH_MORE, SOME_MORE] = [253, 254, 255];  // of a number of one to three bytes
const [WORDS, SCALE, MORE, SCALES, MATRIX, INSTRUCTIONS] = [1, 8, 32, 64, 128, 256];  // flags of a component

/** Plain bytes. Throws FontFault, and RangeError where the bytes end too early. */
export async function unpackedWoff2(bytes) {
  const source = new Reader(bytes);
  source.at = 4;
  const flavour = source.text(4);
  if (flavour === "ttcf") throw new FontFault("a collection in woff2, which the page does not read; `glyphlens identify` reads it");
  source.at = 12;
  const count = source.number(2);
  source.at = 20;
  const packedLength = source.number(4);
  source.at = 48;
  const entries = Array.from({ length: count }, () => entry(source));
  const total = entries.reduce((sum, { stored }) => sum + stored, 0);
  if (total > MAX_UNPACKED_BYTES) throw new FontFault("it unpacks to too much");
  const content = new Reader(await unpacked(source.bytes(packedLength), total));
  const tables = new Map(entries.map((each) => [each.tag, { ...each, data: content.bytes(each.stored) }]));
  putBack(tables);
  return openType(flavour, [...tables].map(([tag, { data }]) => ({ tag, data })));
}

async function unpacked(packed, length) {
  await brotli();
  const { buf } = new BrotliDecStream().dec(packed, length + 1);  // one more, to see that it ends
  if (buf.length !== length) throw new FontFault(`it unpacks to ${buf.length} of ${length} bytes`);
  return buf;
}

function entry(source) {
  const flags = source.number(1);
  const tag = (flags & 63) === OWN_TAG ? source.text(4) : TAGS[flags & 63];
  const length = source.base128();
  const version = flags >> 6;
  const isTransformed = ["glyf", "loca"].includes(tag) ? version !== UNTRANSFORMED_OUTLINES : version !== 0;
  return { tag, isTransformed, stored: isTransformed ? source.base128() : length };
}

function putBack(tables) {
  const glyf = tables.get("glyf");
  let lefts = null;
  if (glyf?.isTransformed) {
    const found = outlines(new Reader(glyf.data));
    lefts = found.lefts;
    glyf.data = found.glyf;
    tables.set("loca", { data: found.loca });
    const head = tables.get("head");
    head.data = head.data.slice();
    head.data.set([0, 1], 50);  // indexToLocFormat: 32 bits
  }
  const hmtx = tables.get("hmtx");
  if (hmtx?.isTransformed) {
    const metrics = new Reader(tables.get("hhea").data);
    metrics.at = 34;
    hmtx.data = advances(new Reader(hmtx.data), metrics.number(2), lefts);
  }
}

/** Advances and left sides, which are those of the outlines where they are left out. */
function advances(source, count, lefts) {
  const flags = source.number(1);
  const widths = Array.from({ length: count }, () => source.number(2));
  const target = new Writer();
  lefts.forEach((left, gid) => {
    if (gid < count) target.number(widths[gid], 2);
    const isLeftOut = flags & (gid < count ? 1 : 2);
    target.number(isLeftOut ? left : source.number(2), 2);
  });
  return target.taken();
}

function outlines(source) {
  source.at = 4;
  const count = source.number(2);
  source.at = 8;
  const sizes = Array.from({ length: 7 }, () => source.number(4));
  const [contours, points, flags, coordinates, composites, boxes] = sizes.map((size) => new Reader(source.bytes(size)));
  const isBoxed = boxes.bytes(4 * Math.ceil(count / 32));
  const streams = { contours, points, flags, coordinates, composites };
  const [glyf, loca, lefts] = [new Writer(), new Writer(), []];
  for (let gid = 0; gid < count; gid++) {
    loca.number(glyf.length, 4);
    const box = isBoxed[gid >> 3] & (128 >> (gid & 7)) ? Array.from({ length: 4 }, () => boxes.signed()) : null;
    lefts.push(glyph(streams, box, glyf));
    glyf.align();
  }
  loca.number(glyf.length, 4);
  return { glyf: glyf.taken(), loca: loca.taken(), lefts };
}

/** Writes one glyph; gives its left edge. */
function glyph({ contours, points, flags, coordinates, composites }, box, target) {
  const count = contours.signed();
  if (count === 0) return 0;
  if (count < 0) {
    if (!box) throw new FontFault("a composite glyph without a box");
    [-1, ...box].forEach((value) => target.number(value, 2));
    components(composites, coordinates, target);
    return box[0];
  }
  let last = -1;
  const ends = Array.from({ length: count }, () => { last += points.short(); return last; });
  const deltas = Array.from({ length: last + 1 }, () => triplet(flags.number(1), coordinates));
  coordinates.short();  // how many instructions there are; they are in a stream of their own
  const own = box ?? boxOf(deltas);
  [count, ...own, ...ends, 0].forEach((value) => target.number(value, 2));
  deltas.forEach(({ isOn }) => target.number(isOn ? 1 : 0, 1));
  deltas.forEach(({ dx }) => target.number(dx, 2));
  deltas.forEach(({ dy }) => target.number(dy, 2));
  return own[0];
}

function components(source, coordinates, target) {
  let flags;
  let hasInstructions = false;
  do {
    flags = source.number(2);
    hasInstructions ||= Boolean(flags & INSTRUCTIONS);
    target.number(flags & ~INSTRUCTIONS, 2);
    const scale = flags & SCALE ? 2 : flags & SCALES ? 4 : flags & MATRIX ? 8 : 0;
    target.append(source.bytes(2 + (flags & WORDS ? 4 : 2) + scale));
  } while (flags & MORE);
  if (hasInstructions) coordinates.short();
}

/** A point relative to the one before, by its flag and one to four bytes. */
function triplet(flag, source) {
  const kind = flag & 127;
  const [next, first, second] = [() => source.number(1), kind & 1 ? 1 : -1, kind & 2 ? 1 : -1];
  const point = (dx, dy) => ({ dx: dx && first * dx, dy: dy && second * dy, isOn: flag < 128 });
  if (kind < 10) return { dx: 0, dy: first * (((kind & 14) << 7) + next()), isOn: flag < 128 };
  if (kind < 20) return point((((kind - 10) & 14) << 7) + next(), 0);
  if (kind < 84) {
    const [own, byte] = [kind - 20, next()];
    return point(1 + (own & 48) + (byte >> 4), 1 + ((own & 12) << 2) + (byte & 15));
  }
  if (kind < 120) {
    const own = kind - 84;
    return point(1 + (Math.trunc(own / 12) << 8) + next(), 1 + (((own % 12) >> 2) << 8) + next());
  }
  if (kind < 124) {
    const [one, two, three] = [next(), next(), next()];
    return point((one << 4) + (two >> 4), ((two & 15) << 8) + three);
  }
  return point((next() << 8) + next(), (next() << 8) + next());
}

function boxOf(deltas) {
  const found = [Infinity, Infinity, -Infinity, -Infinity];
  let [x, y] = [0, 0];
  for (const { dx, dy } of deltas) {
    [x, y] = [x + dx, y + dy];
    [found[0], found[1], found[2], found[3]] = [Math.min(found[0], x), Math.min(found[1], y), Math.max(found[2], x), Math.max(found[3], y)];
  }
  return found;
}

/** Numbers from bytes, the highest byte first. */
class Reader {
  constructor(bytes) {
    Object.assign(this, { source: bytes, at: 0 });
  }

  bytes(length) {
    if (this.at + length > this.source.length) throw new RangeError("it ends too early");
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }

  number(length) {
    return this.bytes(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  signed() {
    return (this.number(2) << 16) >> 16;
  }

  text(length) {
    return String.fromCharCode(...this.bytes(length));
  }

  /** 255UInt16. */
  short() {
    const first = this.number(1);
    if (first === WORD) return this.number(2);
    if (first === MUCH_MORE) return this.number(1) + 506;
    return first === SOME_MORE ? this.number(1) + 253 : first;
  }

  /** UIntBase128. */
  base128() {
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const byte = this.number(1);
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    throw new RangeError("a number without an end");
  }
}

/** Bytes that grow. */
class Writer {
  buffer = new Uint8Array(1 << 16);
  length = 0;

  room(more) {
    if (this.length + more <= this.buffer.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.buffer);
    this.buffer = larger;
  }

  append(bytes) {
    this.room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  number(value, length) {
    this.room(length);
    for (let at = length - 1; at >= 0; at--) this.buffer[this.length++] = (value >> (8 * at)) & 255;
  }

  align() {
    while (this.length % 4) this.number(0, 1);
  }

  taken() {
    return this.buffer.slice(0, this.length);
  }
}
