/* Files that are dropped, pasted or chosen, those in folders included; and their bytes. */

import { NothingToSee } from "./picture_ink.js";

export const MAX_FILES = 50;  // at a time
const MAX_PLACES = 10_000;  // in a folder that are looked at
const READ_IN_FOLDERS = /\.(ttf|otf|woff2?|ttc|otc|pf[ab]|cff|dfont|pdf|png|jpe?g|webp|gif|bmp|avif)$/iu;

/** [{name, file}] of files as a browser lists them. */
export const named = (files) => [...files].map((file) => ({ name: file.name, file }));

/** The same of a drop. In place of a folder stand the fonts, PDFs and pictures in it; throws NothingToSee for none. */
export async function filesOfDrop(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.());  // gone once anything is waited for
  if (!entries.some((entry) => entry?.isDirectory)) return named(transfer.files);
  const found = [];
  const files = [...transfer.files];
  for (const [at, entry] of entries.entries()) {
    if (entry?.isDirectory) found.push(...await filesBelow(entry));
    else if (files[at]) found.push({ name: files[at].name, file: files[at] });
  }
  if (!found.length) throw new NothingToSee("there is no font, PDF or picture in the folder");
  return found;
}

async function filesBelow(folder) {
  const [found, waiting] = [[], [folder]];
  for (let places = 0; waiting.length && places < MAX_PLACES && found.length <= MAX_FILES; places++) {
    const entry = waiting.shift();
    if (entry.name.startsWith(".") && entry !== folder) continue;
    if (entry.isDirectory) waiting.unshift(...await entriesIn(entry));
    else if (READ_IN_FOLDERS.test(entry.name)) found.push(entry);
  }
  return Promise.all(found.map(async (entry) => ({ name: entry.fullPath.slice(1), file: await fileOf(entry) })));
}

const fileOf = (entry) => new Promise((resolve, reject) => {
  entry.file(resolve, () => reject(new NothingToSee(`${entry.fullPath.slice(1)} cannot be read`)));
});

/** What is in a folder, by name; a browser gives a part at a time. */
async function entriesIn(folder) {
  const reader = folder.createReader();
  const found = [];
  for (let part = null; part?.length !== 0 && found.length < MAX_PLACES; found.push(...part)) {
    part = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, () => reject(new NothingToSee(`the folder ${folder.name} cannot be read`)));
    });
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Throws NothingToSee for a file that is gone, was changed after it was chosen, or may not be read. */
export async function bytesOf(part) {
  try {
    return new Uint8Array(await part.arrayBuffer());
  } catch (error) {
    throw new NothingToSee(`the file cannot be read; it may have been moved or changed since (${error.message})`);
  }
}
