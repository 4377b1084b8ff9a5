/* The page: what is drawn, typed, dropped, pasted or chosen goes to the recogniser of the chosen track; fonts and PDFs
go to that of Arabic glyphs. */

import { drawAnswers, drawPicture, drawText } from "./answers.js";
import { FontFault, kindOfFile, requireModest } from "./font_files.js";
import { NothingToSee } from "./picture_ink.js";
import { readPhoto, readPixels } from "./photos.js";
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
let turn = 0;  // counts what was asked, so that an answer that comes too late is not shown
let running = Promise.resolve();  // one at a time; what nobody waits for any more is not begun
let worker = null;  // reads a font
let shown = null;  // gives what is shown, to be recognised again

const track = () => document.querySelector("input[name=track]:checked").value;

function say(text) {
  find("status").textContent = text;
}

function clearAnswers() {
  turn++;
  stopReading();
  replay.hide();
  find("answers").replaceChildren();
  find("seen").hidden = find("fault").hidden = true;
}

/** Show what is found in a page {grey, lean} that ``read`` gives. */
function recognise(read) {
  clearAnswers();
  shown = read;
  say("Looking …");
  const own = turn;
  running = running.then(() => (own === turn ? look(own, read, track()) : null));
}

async function look(own, read, name) {
  try {
    const { openModel, predicted } = await import("./recognizers.js");
    const [model, page] = await Promise.all([openModel(name), read(name === "khmer")]);
    const begin = performance.now();
    const found = READ[name] ? await READ[name](page, model)
      : await predicted(page, model, name === "arabic" && find("mark").checked);
    if (own !== turn) return;
    find("time").textContent = `The last answer took ${Math.round(performance.now() - begin)} ms.`;
    show(name, found, model);
  } catch (error) {
    if (own === turn) complain(error);
  }
}

function showNothing() {
  clearAnswers();
  shown = null;
  say(NOTHING);
}

function show(name, found, model) {
  if (name === "khmer") {
    say(drawText(find("answers"), found));
  } else if (name === "scan_lines") {
    replay.show(found, model, say);
  } else {
    say(drawAnswers(find("answers"), found.answers, model, LANGUAGES[name] ?? "ja"));
    find("note").textContent = found.note && `(${found.note})`;
    drawPicture(find("view"), found.picture);
    find("seen").hidden = false;
  }
}

function complain(error) {
  const isOurs = error instanceof NothingToSee || error instanceof FontFault;
  say(isOurs ? "No answer." : "Something went wrong.");
  find("fault").textContent = isOurs ? `${capital(error)}.` : `The recogniser could not be run: ${error.message ?? error}`;
  find("fault").hidden = false;
  if (!isOurs) console.error(error);
}

/** A sentence; a message about a font begins with the name of its file. */
const capital = ({ message, constructor }) => (
  constructor === FontFault ? message : `${message[0].toUpperCase()}${message.slice(1)}`);

function readDrawing() {
  if (pad.isEmpty) showNothing();
  else recognise((isWhole) => readPixels(pad.pixels(), isWhole));
}

async function readFile(file) {
  if (!file) return;
  clearAnswers();
  const own = turn;
  try {
    const kind = kindOfFile(file.name, new Uint8Array(await file.slice(0, 2048).arrayBuffer()));
    if (own !== turn) return;
    if (kind) {
      requireModest(file.size);
      await readFonts(kind, file);
    } else {
      pad.showFile(file);
      recognise((isWhole) => readPhoto(file, isWhole));
    }
  } catch (error) {
    if (own === turn) complain(error instanceof FontFault ? new FontFault(`${file.name}: ${error.message}`) : error);
  }
}

/** A font, or the fonts of a PDF, read by a worker: the page goes on answering, and it can be stopped. */
async function readFonts(kind, file) {
  const own = turn;
  chooseArabic();
  pad.blank();
  shown = null;
  say(`Reading ${file.name} …`);
  find("progress").removeAttribute("value");
  find("reading").hidden = false;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { drawFonts } = await import("./font_table.js");
  if (own !== turn) return;
  worker = new Worker(new URL("./font_worker.js", import.meta.url), { type: "module" });
  worker.onerror = (event) => endReading(() => complain(new Error(event.message ?? "the worker cannot be started")));
  worker.onmessage = ({ data: { progress, fonts, fault, error } }) => {
    if (progress) [find("progress").value, find("progress").max] = progress;
    else if (fonts) endReading(() => say(drawFonts(find("answers"), fonts, file.name)));
    else endReading(() => complain(fault ? new FontFault(`${file.name}: ${fault}`) : new Error(error)));
  };
  worker.postMessage({ kind, name: file.name, bytes }, [bytes.buffer]);
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

function endReading(show) {
  stopReading();
  show();
}

pad.onChange = readDrawing;
find("undo").addEventListener("click", () => pad.undo());
find("clear").addEventListener("click", () => pad.clear());
find("file").addEventListener("change", (event) => {
  readFile(event.target.files[0]);
  event.target.value = "";
});
find("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("text").value.trim() || find("text").placeholder;
  pad.write(text, LANGUAGES[track()] ?? "ja");
});
find("mark").addEventListener("change", () => shown && recognise(shown));
find("stop").addEventListener("click", () => {
  clearAnswers();
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
  if (shown && !isReset) recognise(shown);
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
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  readFile(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => readFile(event.clipboardData.files[0]));
dress();
say(NOTHING);
