/* The labels that a class stands for, the likeliest first: the same as glyphlens.tracks.arabic.members.

``classes``: [{form, members: [{label, codes}]}]; ``writing``: which characters languages and scripts have. */

import { characters } from "./answers.js";

const [STANDARD, AUXILIARY, FOREIGN] = [0, 1, 2];
const [NEARLY_ALL, FEWEST_SEEN, SEVERAL, SEVERAL_LETTERS] = [0.95, 10, 2, 3];
const DEFAULT = "ar";

/** The classes with their members in order; ``seen``: a Set of what one font surely shows, null without a font. */
export function likelyFirst(classes, writing, seen = null) {
  const language = writing.languages[writtenLanguage(seen ?? new Set(), writing)];
  const lacking = new Set(seen ? [...revealing(classes, writing)].filter((letter) => !seen.has(letter)) : []);
  const shown = shownScripts(seen ?? new Set(), writing);
  const rank = ({ codes }) => {
    const own = [...characters(codes)];
    const scripts = scriptsIn(own, writing);
    const isAbsent = shown.size && scripts.size && ![...scripts].some((script) => shown.has(script));
    return 100 * own.some((letter) => lacking.has(letter)) + 10 * kinship(characters(codes), language) + Boolean(isAbsent);
  };
  return classes.map((entry) => (
    { ...entry, members: entry.members.length > 1 ? sortedBy(entry.members, rank) : entry.members }));
}

const sortedBy = (values, rank) => values.map((value) => [rank(value), value])
  .sort(([one], [other]) => one - other).map(([, value]) => value);

/** A Set of the characters that the classes at ``places`` show a font to have. */
export const seenCharacters = (classes, writing, places) => new Set(
  [...new Set(places)].flatMap((place) => shownBy(classes[place], writing)));

function shownBy({ members }, { digits }) {
  const [text, ...others] = members.length === 1 ? [...characters(members[0].codes)] : [];
  if (!text || others.length) return [];
  return [text, ...digits.filter((ten) => ten.includes(text)).flatMap((ten) => [...ten])];
}

/** Characters that several classes show, so that a font which shows none of them lacks the character. */
function revealing(classes, writing) {
  const counts = new Map();
  for (const entry of classes) {
    for (const letter of new Set(shownBy(entry, writing))) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= SEVERAL).map(([letter]) => letter));
}

function writtenLanguage(seen, { languages }) {
  const count = (name) => [...seen].filter((letter) => languages[name].standard.includes(letter)).length;
  let best = DEFAULT;
  for (const name of Object.keys(languages)) if (count(name) > count(best)) best = name;
  const isTold = seen.size >= FEWEST_SEEN && count(best) >= NEARLY_ALL * seen.size;
  return isTold ? best : DEFAULT;
}

const scriptsIn = (letters, { scripts }) => new Set(
  Object.keys(scripts).filter((name) => letters.some((letter) => scripts[name].includes(letter))));

function shownScripts(seen, { scripts }) {
  const count = (name) => [...seen].filter((letter) => scripts[name].includes(letter)).length;
  return new Set(Object.keys(scripts).filter((name) => count(name) >= SEVERAL_LETTERS));
}

function kinship(text, { standard, auxiliary }) {
  const letters = [...text.normalize("NFKC")].filter((letter) => letter !== " ");
  if (!letters.length) return FOREIGN;
  if (letters.every((letter) => standard.includes(letter))) return STANDARD;
  return letters.every((letter) => standard.includes(letter) || auxiliary.includes(letter)) ? AUXILIARY : FOREIGN;
}
