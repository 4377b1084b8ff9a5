/* A worker beside the page: reads a font or the fonts of a PDF, so that the page answers meanwhile.

Asked {kind, bytes}; answers {progress: [done, of]}, then {fonts: [{title, faces, fault}]}, or {fault} or {error}. */

import { FontFault } from "./font_files.js";

// What is imported waits for WebAssembly; a message that came before ``onmessage`` is there would be lost.
const reader = import("./font_reader.js");

onmessage = async ({ data: { kind, name, bytes } }) => {
  try {
    const programs = kind === "pdf" ? await (await import("./pdf_fonts.js")).fontPrograms(bytes) : [{ title: name, bytes }];
    const fonts = [];
    for (const [at, { title, bytes: program, fault }] of programs.entries()) {
      const progress = (done, of) => postMessage({ progress: [at + done / of, programs.length] });
      fonts.push(await (fault ? { title, faces: [], fault } : one(title, program, progress, programs.length === 1)));
    }
    postMessage({ fonts });
  } catch (error) {
    if (error instanceof FontFault) postMessage({ fault: error.message });
    else postMessage({ error: String(error?.message ?? error) });
  }
};

/** One font of several that cannot be used is named, and the others go on; ``isOnly``: its fault is that of the file. */
async function one(title, program, progress, isOnly) {
  try {
    return { title, faces: await (await reader).readFont(program, progress), fault: "" };
  } catch (error) {
    if (isOnly || !(error instanceof FontFault)) throw error;
    return { title, faces: [], fault: error.message };
  }
}
