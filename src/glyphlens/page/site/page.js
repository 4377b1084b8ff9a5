/* The page: what is drawn, typed, dropped, pasted or chosen goes to the recogniser of the chosen track; fonts and PDFs
go to that of Arabic glyphs. Several files are read one after another, each under its name. */

import { drawPart, made } from "./answers.js";
import { bytesOf, filesOfDrop, MAX_FILES, named } from "./chosen_files.js";
import { FontFault, kindOfFile, requireModest } from "./font_files.js";
import { whereItLooked } from "./looked.js";
import { NothingToSee } from "./picture_ink.js";
import { readPhoto, readPixels, requireModestPicture } from "./photos.js";
import { Pad } from "./pad.js";
import { Replay } from "./replay.js";

const find = (name) => document.getElementById(name);
const pad = new Pad(find("pad"), find("hint"));
const replay = new Replay(find("replay"), find("answers"));
const LANGUAGES = { arabic: "ar", khmer: "km" };
const EXAMPLES = { arabic: "ع", khmer: "ភាសាខ្មែរ" };
const READ = {  // what is no picture of one character
  khmer: async (page, model) => (await import("./line_reader.js")).readPage(page, model),
  scan_lines: async (page, model) => (await import("./scans.js")).scanned(page, model),
};
const NOTHING = "Nothing shown yet.";
const FIRST_ROWS = 10;  // of the table of one of several fonts
const MAX_GLYPHS = 100_000;  // of several fonts, shown at a time
let turn = 0;  // counts what was asked, so that an answer that comes too late is not shown
let running = Promise.resolve();  // one at a time; what nobody waits for any more is not begun
let worker = null;  // reads a font
let again = null;  // recognises once more what is shown

const track = () => document.querySelector("input[name=track]:checked").value;

function say(text) {
  find("status").textContent = text;
}

function clearAnswers() {
  turn++;
  stopReading();
  replay.hide();
  find("answers").replaceChildren();
  find("fault").hidden = true;
}

/** Show what is found in a page {grey, lean} that ``read`` gives. */
async function recognise(read) {
  clearAnswers();
  again = () => recognise(read);
  say("Looking …");
  const own = turn;
  try {
    const seen = await inTurn(() => own === turn, () => look(read, track()));
    if (own === turn) show(seen);
  } catch (error) {
    if (own === turn) complain(error);
  }
}

function inTurn(isWanted, task) {
  const result = running.then(() => (isWanted() ? task() : null));
  running = result.catch(() => null);
  return result;
}

async function look(read, name) {
  const { openModel, predicted } = await import("./recognizers.js");
  const [model, page] = await Promise.all([openModel(name), read(name === "khmer")]);
  const begin = performance.now();
  const found = READ[name] ? await READ[name](page, model)
    : await predicted(page, model, name === "arabic" && find("mark").checked);
  find("time").textContent = `The last answer took ${Math.round(performance.now() - begin)} ms.`;
  return { name, found, model };
}

function showNothing() {
  clearAnswers();
  again = null;
  say(NOTHING);
}

function show(seen) {
  if (seen.name === "scan_lines") replay.show(seen.found, seen.model, say);
  else say(drawSeen(find("answers"), seen));
}

/** What was found in one picture; of one character, also where it was seen. Says the best of it. */
function drawSeen(place, seen) {
  const said = drawPart(place, seen, LANGUAGES[seen.name] ?? "ja");
  if (seen.found.picture) place.append(whereItLooked(seen, inTurn));
  return said;
}

const isOurs = (error) => error instanceof NothingToSee || error instanceof FontFault;

function complain(error, name = "") {
  say(isOurs(error) ? "No answer." : "Something went wrong.");
  find("fault").textContent = faultOf(error, name);
  find("fault").hidden = false;
}

/** A sentence; one about a font begins with the name of its file, where that stands nowhere else. */
function faultOf(error, name = "") {
  if (error instanceof FontFault && name) return `${name}: ${error.message}.`;
  if (isOurs(error)) return `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
  console.error(error);
  return `The recogniser could not be run: ${error.message ?? error}`;
}

function readDrawing() {
  if (pad.isEmpty) showNothing();
  else recognise((isWhole) => readPixels(pad.pixels(), isWhole));
}

/** Show what [{name, file}] hold: one file in the place of a drawing, several below one another. */
function readFiles(files) {
  if (files.length === 1) readFile(files[0]);
  else if (files.length) readSeveral(files);
}

async function kindOf({ name, file }) {
  const kind = kindOfFile(name, await bytesOf(file.slice(0, 2048)));
  if (kind) requireModest(file.size);
  else await requireModestPicture(file);
  return kind;
}

async function readFile({ name, file }) {
  clearAnswers();
  const own = turn;
  try {
    const kind = await kindOf({ name, file });
    if (own !== turn) return;
    if (kind) {
      await readFonts(kind, { name, file });
    } else {
      pad.showFile(file);
      recognise((isWhole) => readPhoto(file, isWhole));
    }
  } catch (error) {
    if (own === turn) complain(error, name);
  }
}

/** A font, or the fonts of a PDF. */
async function readFonts(kind, { name, file }) {
  const own = turn;
  chooseArabic();
  pad.blank();
  again = null;
  say(`Reading ${name} …`);
  find("progress").removeAttribute("value");
  find("reading").hidden = false;
  const { drawFonts } = await import("./font_table.js");
  try {
    const fonts = await fontsOf(own, kind, { name, file }, (value, max) => Object.assign(find("progress"), { value, max }));
    if (own === turn) say(drawFonts(find("answers"), fonts, name));
  } finally {
    if (own === turn) stopReading();
  }
}

/** Fonts of a file, read by a worker: the page goes on answering. No answer comes where the worker is stopped. */
async function fontsOf(own, kind, { name, file }, tell) {
  const bytes = await bytesOf(file);
  return new Promise((resolve, reject) => {
    if (own !== turn) return;
    const reader = worker = new Worker(new URL("./font_worker.js", import.meta.url), { type: "module" });
    const end = (settle, value) => {
      reader.terminate();
      settle(value);
    };
    reader.onerror = (event) => end(reject, new Error(event.message ?? "the worker cannot be started"));
    reader.onmessage = ({ data: { progress, fonts, fault, error } }) => {
      if (progress) tell(...progress);
      else if (fonts) end(resolve, fonts);
      else end(reject, fault ? new FontFault(fault) : new Error(error));
    };
    reader.postMessage({ kind, name, bytes }, [bytes.buffer]);
  });
}

/** One after another; what cannot be read is named in its place, and the others are read. */
async function readSeveral(files) {
  clearAnswers();
  pad.blank();
  const own = turn;
  const read = files.slice(0, MAX_FILES);
  again = () => readSeveral(files);
  Object.assign(find("progress"), { value: 0, max: read.length });
  find("reading").hidden = false;
  const state = { own, name: track(), glyphs: 0, faults: 0, pictures: 0 };
  for (const [at, each] of read.entries()) {
    say(`Reading ${at + 1} of ${read.length}: ${each.name} …`);
    const place = await readPart(each, state, (share) => { find("progress").value = at + share; });
    if (own !== turn) return;
    find("answers").append(made("h3", "file", each.name), place);
    find("progress").value = at + 1;
  }
  stopReading();
  if (state.glyphs && !state.pictures) {
    again = null;
    chooseArabic();
  }
  const left = files.length > read.length ? ` Only the first ${MAX_FILES} of ${files.length} files were looked at.` : "";
  say(`${read.length - state.faults} of ${read.length} files were read.${left}`);
}

/** The place of one of several files, with what was found in it. */
async function readPart(each, state, tell) {
  const place = made("div", "part");
  try {
    const kind = await kindOf(each);
    const said = kind ? await drawnFonts(place, kind, each, state, tell) : await drawnPicture(place, each, state);
    place.prepend(made("p", "said", said));
  } catch (error) {
    state.faults++;
    place.replaceChildren(made("p", "fault", faultOf(error)));
  }
  return place;
}

async function drawnPicture(place, { file }, state) {
  state.pictures++;
  const seen = await inTurn(() => state.own === turn, () => look((isWhole) => readPhoto(file, isWhole), state.name));
  return seen && drawSeen(place, seen);
}

async function drawnFonts(place, kind, each, state, tell) {
  if (state.glyphs > MAX_GLYPHS) {
    throw new FontFault(`it was not read, as ${state.glyphs.toLocaleString("en")} glyphs are shown already; show it by itself`);
  }
  const { allGlyphs, drawFonts } = await import("./font_table.js");
  const fonts = await fontsOf(state.own, kind, each, (done, of) => tell(done / of));
  state.glyphs += allGlyphs(fonts).length;
  return drawFonts(place, fonts, each.name, { rows: FIRST_ROWS, heading: "h4" });
}

function chooseArabic() {
  document.querySelector("input[name=track][value=arabic]").checked = true;
  dress();
}

function stopReading() {
  worker?.terminate();
  worker = null;
  find("reading").hidden = true;
}

pad.onChange = readDrawing;
find("undo").addEventListener("click", () => pad.undo());
find("clear").addEventListener("click", () => pad.clear());
find("file").addEventListener("change", (event) => {
  readFiles(named(event.target.files));
  event.target.value = "";
});
find("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("text").value.trim() || find("text").placeholder;
  pad.write(text, LANGUAGES[track()] ?? "ja");
});
find("mark").addEventListener("change", () => again?.());
find("stop").addEventListener("click", () => {
  turn++;
  stopReading();
  say("Stopped.");
});
/** What the chosen track is shown with; whether what was on the pad is gone. */
function dress() {
  find("mark-row").hidden = track() !== "arabic";
  find("text").placeholder = EXAMPLES[track()] ?? "字";
  return pad.shape(track() === "khmer");
}

find("tracks").addEventListener("change", () => {
  const isReset = dress();
  if (again && !isReset) again();
  else showNothing();
});

const drop = find("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  clearAnswers();
  say("Looking …");
  const own = turn;
  try {
    const files = await filesOfDrop(event.dataTransfer);
    if (!files.length) throw new NothingToSee("what was dropped is not a file; save it as one, or type it");
    if (own === turn) readFiles(files);
  } catch (error) {
    if (own === turn) complain(error);
  }
});
document.addEventListener("paste", (event) => readFiles(named(event.clipboardData.files)));
dress();
say(NOTHING);
