/* The table of a font's glyphs: pictures, answers, confidences, a part at a time; and the same rows as CSV. */

import { broken, drawPicture, FORMS, glyphText, made, percent } from "./answers.js";
import { CANVAS_PX } from "./coverage.js";

const ROWS_AT_A_TIME = 100;
const SURE = 0.8;
const HEADS = ["Glyph", "What it is", "Sure", "Next likeliest"];
const BETWEEN = " | ";
const CSV_RANKS = [2, 3, 4, 5];

/** Replaces what ``place`` holds by a table per face of every font; says what was found. ``rows``: shown at first. */
export function drawFonts(place, fonts, file, { rows = ROWS_AT_A_TIME, heading = "h3" } = {}) {
  place.replaceChildren(...fonts.flatMap((font) => sections(font, fonts.length > 1, rows, heading)));
  const glyphs = allGlyphs(fonts);
  if (!glyphs.length) return "No glyph was read.";
  const named = glyphs.filter(({ fault }) => !fault);
  const sure = named.filter(({ best: [{ confidence }] }) => confidence >= SURE).length;
  const shown = fonts.length > 1 ? `${fonts.length} fonts, ` : "";
  const save = made("button", "", "Save as CSV");
  save.type = "button";
  save.addEventListener("click", () => saveText(`${file.replace(/\.[^.]*$/u, "")}.csv`, csvOf(fonts, file)));
  place.prepend(save);
  return `${file}: ${shown}${glyphs.length.toLocaleString("en")} glyphs, ${named.length.toLocaleString("en")} of them `
    + `with an outline; ${sure.toLocaleString("en")} are named with at least ${100 * SURE}% confidence.`;
}

export const allGlyphs = (fonts) => fonts.flatMap(({ faces }) => faces.flatMap(({ glyphs }) => glyphs));

function sections({ title, faces, fault }, isOneOfMany, rows, heading) {
  if (fault) return [made(heading, "font", title), made("p", "fault", `This font cannot be read: ${fault}.`)];
  return faces.flatMap(({ face, glyphs }) => {
    const name = faces.length > 1 ? `${title}, face ${face}` : title;
    return [...(isOneOfMany || faces.length > 1 ? [made(heading, "font", name)] : []), ...table(name, glyphs, rows)];
  });
}

/** The table and, where it has more glyphs than are shown at a time, a button for more. */
function table(title, glyphs, first) {
  const own = withRole(made("table", "glyphs"), "table");
  own.append(made("caption", "", `Glyphs of ${title}`));
  const head = withRole(made("thead"), "rowgroup");
  const names = withRole(made("tr"), "row");
  names.append(...HEADS.map((name) => Object.assign(withRole(made("th", "", name), "columnheader"), { scope: "col" })));
  head.append(names);
  const body = withRole(made("tbody"), "rowgroup");
  own.append(head, body);
  let shown = 0;
  const more = made("button", "more");
  more.type = "button";
  const add = (count) => {
    const rows = glyphs.slice(shown, shown + count).map(row);
    body.append(...rows);
    shown += rows.length;
    more.hidden = shown >= glyphs.length;
    more.textContent = `Show ${Math.min(ROWS_AT_A_TIME, glyphs.length - shown)} more of ${glyphs.length.toLocaleString("en")}`;
    return rows[0];
  };
  more.addEventListener("click", () => {
    const added = add(ROWS_AT_A_TIME);
    added.tabIndex = -1;
    added.focus();
  });
  add(first);
  return [own, more];
}

/** A role that stays where a narrow page shows rows as blocks. */
function withRole(element, role) {
  element.role = role;
  return element;
}

function row(glyph) {
  const own = withRole(made("tr"), "row");
  own.dataset.gid = glyph.gid;
  const head = Object.assign(withRole(made("th", "picture"), "rowheader"), { scope: "row" });
  const number = made("span", "number", `${glyph.gid}`);
  if (glyph.name) number.append(made("small", "", glyph.name));
  if (glyph.bits) head.append(pictureOf(glyph));
  head.append(number);
  own.append(head, ...(glyph.fault ? [without(glyph.fault)] : answerCells(glyph)));
  return own;
}

function without(fault) {
  const cell = withRole(made("td", "without", fault), "cell");
  cell.colSpan = HEADS.length - 1;
  return cell;
}

function pictureOf({ gid, bits }) {
  const canvas = withRole(made("canvas"), "img");
  canvas.ariaLabel = `Picture of glyph ${gid}`;
  const data = new Uint8Array(CANVAS_PX * CANVAS_PX).map((_, at) => (bits[at >> 3] & (128 >> (at & 7)) ? 255 : 0));
  drawPicture(canvas, { width: CANVAS_PX, height: CANVAS_PX, data });
  return canvas;
}

function answerCells({ best: [first, ...next], form, others }) {
  const name = withRole(made("td", "answer"), "cell");
  const what = made("div", "what");
  const shown = made("span", "glyph", glyphText(first, form));
  Object.assign(shown, { lang: "ar", dir: "auto", ariaHidden: "true" });
  const words = made("span", "name");
  words.append(...broken(first.label), made("small", "", [first.codes.join(" "), FORMS[form] ?? form].filter(Boolean).join(" · ")));
  for (const other of others) words.append(made("small", "", `or ${other.label} ${other.codes.join(" ")}`));
  what.append(shown, words);
  name.append(what);
  const sure = withRole(made("td", "share", percent(first.confidence)), "cell");
  const rest = withRole(made("td", "next"), "cell");
  for (const { label, confidence } of next) {
    const line = made("small");
    line.append(...broken(label), ` ${percent(confidence)}`);
    rest.append(line);
  }
  return [name, sure, rest];
}

/** The rows as `glyphlens identify --output answers.csv` writes them. */
function csvOf(fonts, file) {
  const ranked = CSV_RANKS.flatMap((rank) => [`label_${rank}`, `code_points_${rank}`, `confidence_${rank}`]);
  const heads = ["font", "face", "gid", "name", "label", "code_points", "form", "same_shape", "confidence", ...ranked, "fault"];
  const rows = fonts.flatMap(({ title, faces }) => faces.flatMap(({ face, glyphs }) => glyphs.map((glyph) => (
    [fonts.length > 1 ? title : file, face, glyph.gid, glyph.name, ...csvAnswers(glyph), glyph.fault]))));
  return [heads, ...rows].map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

function csvAnswers({ best, form, others }) {
  const [first, ...next] = [...best, ...Array(CSV_RANKS.length + 1).fill({ label: "", codes: [], confidence: null })]
    .slice(0, CSV_RANKS.length + 1);
  const same = others.map(({ label, codes }) => [label, ...codes].join(" ")).join(BETWEEN);
  const rounded = (share) => (share === null ? "" : String(Math.round(share * 1e4) / 1e4));
  const answer = ({ label, codes, confidence }) => [label, codes.join(" "), rounded(confidence)];
  const [label, codes, confidence] = answer(first);
  return [label, codes, form, same, confidence, ...next.flatMap(answer)];
}

const csvCell = (value) => (/[",\n\r]/u.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`);

function saveText(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = Object.assign(made("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
