/* A bare CFF, as PDFs embed it → an OpenType file around it (Adobe Technical Notes 5176 and 5177). */

import { FontFault, openType } from "./font_files.js";

const UPEM = 1000;
const [CHAR_STRINGS, PRIVATE, SUBRS, DEFAULT_WIDTH, NOMINAL_WIDTH] = [17, 18, 19, 20, 21];
const [FONT_MATRIX, FD_ARRAY, FD_SELECT] = [12 * 256 + 7, 12 * 256 + 36, 12 * 256 + 37];
const MOST_CALLS = 10;
// Operators of a charstring that clear the stack, and how many operands they have beside a width.
const OPERANDS = { 1: "even", 3: "even", 18: "even", 19: "even", 20: "even", 23: "even", 4: 1, 22: 1, 21: 2 };
const [CALL_SUBR, RETURN, END_CHAR, CALL_GLOBAL_SUBR, ESCAPE] = [10, 11, 14, 29, 12];

/** OpenType bytes with the CFF as it is, and the advances that its charstrings give. Throws FontFault. */
export function openTypeOfCff(bytes) {
  try {
    const { count, upem, widths } = facts(bytes);
    const head = table(54, (view) => {
      view.setUint32(0, 0x10000);
      view.setUint32(12, 0x5f0f3cf5);
      view.setUint16(18, upem);
    });
    const maxp = table(6, (view) => {
      view.setUint32(0, 0x5000);
      view.setUint16(4, count);
    });
    const hhea = table(36, (view) => {
      view.setUint32(0, 0x10000);
      view.setUint16(34, count);
    });
    const hmtx = table(4 * count, (view) => widths.forEach((width, gid) => view.setUint16(4 * gid, width)));
    const tables = { "CFF ": bytes, head, hhea, hmtx, maxp };
    return openType("OTTO", Object.entries(tables).map(([tag, data]) => ({ tag, data })));
  } catch (error) {
    if (error instanceof FontFault) throw error;
    throw new FontFault(`CFF font that cannot be read, it is cut off or broken (${error.message})`);
  }
}

function table(length, fill) {
  const view = new DataView(new ArrayBuffer(length));
  fill(view);
  return new Uint8Array(view.buffer);
}

function facts(bytes) {
  const names = index(bytes, bytes[2]);
  const tops = index(bytes, names.end);
  const globals = index(bytes, index(bytes, tops.end).end);
  const top = dictionary(tops.items[0]);
  const glyphs = index(bytes, top.get(CHAR_STRINGS)[0]).items;
  if (!glyphs.length) throw new FontFault("the font has no glyphs");
  const parts = top.has(FD_ARRAY) ? index(bytes, top.get(FD_ARRAY)[0]).items.map(dictionary) : [top];
  const sets = parts.map((part) => privateSet(bytes, part.get(PRIVATE)));
  const setOf = top.has(FD_SELECT) ? selector(bytes, top.get(FD_SELECT)[0], glyphs.length) : () => 0;
  const matrix = top.get(FONT_MATRIX) ?? parts[0].get(FONT_MATRIX);
  const widths = glyphs.map((code, gid) => Math.max(0, Math.round(width(code, sets[setOf(gid)], globals.items))));
  return { count: glyphs.length, upem: matrix?.[0] ? Math.round(1 / matrix[0]) : UPEM, widths };
}

function index(bytes, start) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(start);
  if (!count) return { items: [], end: start + 2 };
  const size = view.getUint8(start + 2);
  const offset = (at) => {
    let value = 0;
    for (let byte = 0; byte < size; byte++) value = value * 256 + view.getUint8(start + 3 + at * size + byte);
    return start + 2 + (count + 1) * size + value;
  };
  const end = offset(count);
  if (end > bytes.length) {
    throw new FontFault(`the file is cut off: its glyphs end at byte ${end.toLocaleString("en")}, the file at `
      + bytes.length.toLocaleString("en"));
  }
  return { items: Array.from({ length: count }, (_, at) => bytes.subarray(offset(at), offset(at + 1))), end };
}

/** {operator: operands} of a DICT. */
function dictionary(bytes) {
  const found = new Map();
  let operands = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at];
    if (first <= 21) {
      const operator = first === ESCAPE ? ESCAPE * 256 + bytes[at + 1] : first;
      found.set(operator, operands);
      operands = [];
      at += first === ESCAPE ? 2 : 1;
    } else if (first === 30) {
      const real = realNumber(bytes, at + 1);
      operands.push(real.value);
      at = real.end;
    } else {
      const [value, length] = number(bytes, at);
      operands.push(value);
      at += length;
    }
  }
  return found;
}

function realNumber(bytes, start) {
  const signs = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "E", "E-", "", "-"];
  let text = "";
  for (let at = start; at < bytes.length; at++) {
    for (const half of [bytes[at] >> 4, bytes[at] & 15]) {
      if (half === 15) return { value: Number(text), end: at + 1 };
      text += signs[half];
    }
  }
  throw new Error("a number without an end");
}

/** [value, bytes that it takes] of a whole number. */
function number(bytes, at) {
  const first = bytes[at];
  if (first === 28) return [((bytes[at + 1] << 24) | (bytes[at + 2] << 16)) >> 16, 3];
  if (first === 29) return [(bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4], 5];
  if (first <= 246) return [first - 139, 1];
  if (first <= 250) return [(first - 247) * 256 + bytes[at + 1] + 108, 2];
  return [-(first - 251) * 256 - bytes[at + 1] - 108, 2];
}

function privateSet(bytes, [size, start] = [0, 0]) {
  const own = dictionary(bytes.subarray(start, start + size));
  const subrs = own.has(SUBRS) ? index(bytes, start + own.get(SUBRS)[0]).items : [];
  return { subrs, usual: own.get(DEFAULT_WIDTH)?.[0] ?? 0, nominal: own.get(NOMINAL_WIDTH)?.[0] ?? 0 };
}

/** A function of a glyph number: which private set its charstring uses. */
function selector(bytes, start, count) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  if (view.getUint8(0) === 0) return (gid) => view.getUint8(1 + gid);
  const ranges = view.getUint16(1);
  const found = new Uint8Array(count);
  for (let at = 0; at < ranges; at++) found.fill(view.getUint8(5 + 3 * at), view.getUint16(3 + 3 * at), view.getUint16(6 + 3 * at));
  return (gid) => found[gid];
}

/** The advance of a charstring: what stands before the operands of its first operator, beside the nominal width. */
function width(code, { subrs, usual, nominal }, globals) {
  const stack = [];
  const bias = (list) => (list.length < 1240 ? 107 : list.length < 33900 ? 1131 : 32768);
  const own = (count) => (stack.length > count ? nominal + stack[0] : usual);
  const run = (bytes, depth) => {
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at];
      if (first === 28 || first >= 32) {
        const [value, length] = first === 255 ? [number([29, ...bytes.subarray(at + 1, at + 5)], 0)[0] / 65536, 5] : number(bytes, at);
        stack.push(value);
        at += length;
      } else if (first === CALL_SUBR || first === CALL_GLOBAL_SUBR) {
        const list = first === CALL_SUBR ? subrs : globals;
        const called = list[stack.pop() + bias(list)];
        if (!called || depth === MOST_CALLS) return usual;
        const found = run(called, depth + 1);
        if (found !== null) return found;
        at++;
      } else if (first === RETURN) {
        return null;
      } else if (first === END_CHAR) {
        return own(stack.length >= 4 ? 4 : 0);
      } else {
        const operands = OPERANDS[first];
        if (operands === "even") return own(stack.length - (stack.length % 2));
        return operands ? own(operands) : usual;
      }
    }
    return null;
  };
  return run(code, 0) ?? usual;
}
