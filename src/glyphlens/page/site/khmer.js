/* Khmer text in one canonical form, and its orthographic clusters. The same as glyphlens.inference.khmer_text; the order
of the marks is SIL's (khmerspell, MIT licence), as far as it concerns what can be read from print. */

const BASES = "\u1780-\u17a2\u17a5-\u17b3\u25cc";
const [VOWELS, SIGNS] = ["\u17b6-\u17c5", "\u17c6-\u17d1\u17d3\u17dd"];
const COENG = "\u17d2";
const REPLACED = { "\u17a3": "\u17a2", "\u17a4": "\u17a2\u17b6", "\u17b4": "", "\u17b5": "", "\u17d8": "\u17d4\u179b\u17d4" };
const SYLLABLE = new RegExp(`[${BASES}](?:${COENG}[${BASES}]?|[${VOWELS}${SIGNS}])+`, "gu");
const CLUSTER = new RegExp(`[${BASES}](?:${COENG}[${BASES}]|[${VOWELS}${SIGNS}])*|.[\u0300-\u036f]*`, "gsu");

// ── series of consonants, which say how a shifter below a vowel is meant ─────────────────────────
const ANY = `[${BASES}]`;
const NOT_RO = "[\u1780-\u1799\u179b-\u17a2\u17a5-\u17b3]";
const NOT_BA = "[\u1780-\u1793\u1795-\u17a2\u17a5-\u17b3]";
const FIRST = "[\u1780-\u1783\u1785-\u1788\u178a-\u178d\u178f-\u1792\u1795-\u1797\u179e-\u17a0\u17a2]";
const SECOND = "[\u1784\u1780\u178e\u1793\u1794\u1798-\u179d\u17a1\u17a3-\u17b3]";
const ABOVE = "(?:[\u17b7-\u17ba\u17be\u17bf\u17dd]|\u17b6\u17c6)";
const [ROBAT, BA] = ["\u17cc?", "\u1794"];
const SUBSCRIPTS = `(?:(?:${COENG}${NOT_RO})?${COENG}${ANY})`;
const STRONG = `${FIRST}${ROBAT}(?:${COENG}${NOT_BA}(?:${COENG}${NOT_BA})?)?|${NOT_BA}${ROBAT}`
  + `(?:${COENG}${FIRST}(?:${COENG}${NOT_BA})?|${COENG}${NOT_BA}${COENG}${FIRST})`;
const WEAK = `${SECOND}${ROBAT}(?:${COENG}${SECOND}(?:${COENG}${SECOND})?)?|${BA}${ROBAT}(?:${SUBSCRIPTS}(?:${SUBSCRIPTS})?)?`
  + `|${ANY}${ROBAT}(?:${COENG}${NOT_RO}${COENG}${BA}|${COENG}${BA}(?:${COENG}${ANY}))`;
const SHIFTED = [[STRONG, "\u17ca"], [WEAK, "\u17c9"]].map(([consonants, shifter]) => [
  new RegExp(`((?:${consonants})[\u17c1-\u17c5]?)\u17bb(?=${ABOVE}|\u17d0)`, "gu"), `$1${shifter}`,
]);
const ORDERED = [
  [/(\u200d?\u17d2)[\u17d2\u200c\u200d]+/gu, "$1"], [/\u17be\u17b6/gu, "\u17c4\u17b8"],
  [/\u17c1([\u17bb-\u17bd]?)\u17b8/gu, "\u17be$1"], [/\u17c1([\u17bb-\u17bd]?)\u17b6/gu, "\u17c4$1"],
  [/(\u17be)(\u17bb)/gu, "$2$1"], [/(\u17d2\u179a)(\u17d2[\u1780-\u17b3])/gu, "$2$1"], [/(\u17d2)\u178a/gu, "$1\u178f"],
];
const [BASE, SUBSCRIPT] = [1, 3];
const RANKS = [  // of a mark in its syllable: last character of a range, rank
  ["\u17a2", BASE], ["\u17a4", 0], ["\u17b3", BASE], ["\u17b5", 0], ["\u17b6", 9], ["\u17ba", 8], ["\u17bd", 7],
  ["\u17c5", 6], ["\u17c6", 10], ["\u17c8", 11], ["\u17ca", 4], ["\u17cb", 10], ["\u17cc", 2], ["\u17d1", 10],
  [COENG, SUBSCRIPT], ["\u17d3", 10], ["\u17dc", 0], ["\u17dd", 10],
];

function rankOf(character) {
  if (character < "\u1780") return 0;
  return RANKS.find(([last]) => character <= last)?.[1] ?? 0;
}

/** Orthographic clusters: a base with its subscripts, vowels and signs; any other character is one by itself. */
export const clusters = (text) => text.match(CLUSTER) ?? [];

/** The one spelling of all that look alike. */
export function canonical(text) {
  let visible = text.replace(/\s/gu, " ").replace(/[\p{Cf}\p{Cc}]/gu, "");
  let found = "";
  while (found !== visible) {
    found = visible;
    const composed = found.normalize("NFC").replace(/[\u17a3\u17a4\u17b4\u17b5\u17d8]/gu, (each) => REPLACED[each]);
    visible = composed.replace(SYLLABLE, ordered);
  }
  return found.split(" ").filter(Boolean).join(" ");
}

function ordered(syllable) {
  const characters = [...syllable];
  const ranks = characters.map(rankOf);
  characters.forEach((_, at) => {
    if (at && characters[at - 1] === COENG && (ranks[at] === BASE || ranks[at] === SUBSCRIPT)) ranks[at] = ranks[at - 1];
  });
  let found = "";
  for (let begin = 0; begin < characters.length;) {
    let end = begin + 1;
    if (ranks[begin] === BASE) while (end < characters.length && ranks[end] > BASE) end++;
    const places = Array.from({ length: end - begin }, (_, offset) => begin + offset);
    places.sort((one, other) => ranks[one] - ranks[other] || one - other);
    const own = places.map((at) => characters[at]).join("");
    found += ranks[begin] === BASE ? ORDERED.reduce((so, [from, to]) => so.replace(from, to), own) : own;
    begin = end;
  }
  return SHIFTED.reduce((so, [from, to]) => so.replace(from, to), found);
}
