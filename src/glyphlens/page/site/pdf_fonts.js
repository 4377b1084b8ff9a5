/* The fonts that a PDF holds: its objects are read by pdf-lib. */

import { decodePDFRawStream, PDFDict, PDFDocument, PDFName, PDFRawStream } from "./lib/pdf/pdf-lib.esm.min.js";
import { FontFault } from "./font_files.js";

const PROGRAMS = ["FontFile2", "FontFile3", "FontFile"];

/** [{title, bytes}] of the font programs that a PDF's font descriptors name; {title, fault} where one cannot be had.

Throws FontFault where the bytes are no PDF that can be read, and where no font is embedded. */
export async function fontPrograms(bytes) {
  const { context } = await opened(bytes);
  const found = new Map();  // by stream: descriptors may share one
  for (const [, object] of context.enumerateIndirectObjects()) {
    const key = object instanceof PDFDict && PROGRAMS.map((name) => PDFName.of(name)).find((name) => object.has(name));
    if (!key) continue;
    const stream = object.get(key);
    if (!found.has(stream)) found.set(stream, programOf(context.lookup(stream), titleOf(object, context)));
  }
  if (!found.size) throw new FontFault("a PDF without embedded fonts; where its text is a picture, show the picture");
  return [...found.values()];
}

async function opened(bytes) {
  try {
    return await PDFDocument.load(bytes, { updateMetadata: false, password: "" });
  } catch (error) {
    throw new FontFault(`a PDF that cannot be read (${String(error?.message ?? error).split("\n")[0].slice(0, 200)})`);
  }
}

function titleOf(descriptor, context) {
  const name = context.lookup(descriptor.get(PDFName.of("FontName")));
  return name instanceof PDFName ? name.decodeText() : "unnamed";
}

function programOf(stream, title) {
  try {
    if (!(stream instanceof PDFRawStream)) return { title, fault: "its font program is missing" };
    return { title, bytes: decodePDFRawStream(stream).decode() };
  } catch (error) {
    return { title, fault: `its font program does not unpack (${error?.message ?? error})` };
  }
}
