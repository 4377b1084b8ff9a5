/* What two lists have in common, in order: as Python's difflib finds it without junk (Ratcliff and Obershelp 1988). */

/** Texts with the confidence of the same texts among ``known``, in order; others have the least of what they replace. */
export function placed(texts, known) {
  const blocks = matchingBlocks(known.map((each) => each.text), texts);
  const found = [];
  let [begin, first] = [0, 0];
  for (const [end, last, size] of [...blocks, [known.length, texts.length, 0]]) {
    if (first < last) {
      const near = begin < end ? known.slice(begin, end) : known.slice(Math.max(0, begin - 1), begin + 1);
      const confidence = near.length ? Math.min(...near.map((each) => each.confidence)) : 0;
      found.push(...texts.slice(first, last).map((text) => ({ text, confidence })));
    }
    found.push(...known.slice(end, end + size));
    [begin, first] = [end + size, last + size];
  }
  return found;
}

function matchingBlocks(one, other) {
  const places = new Map();
  other.forEach((text, at) => places.set(text, [...(places.get(text) ?? []), at]));
  const found = [];
  const waiting = [[0, one.length, 0, other.length]];
  while (waiting.length) {
    const [low, high, least, most] = waiting.pop();
    const [from, to, size] = longestMatch(one, places, low, high, least, most);
    if (!size) continue;
    found.push([from, to, size]);
    waiting.push([low, from, least, to], [from + size, high, to + size, most]);
  }
  return found.sort(([a], [b]) => a - b);
}

function longestMatch(one, places, low, high, least, most) {
  let best = [low, least, 0];
  let lengths = new Map();
  for (let from = low; from < high; from++) {
    const longer = new Map();
    for (const to of places.get(one[from]) ?? []) {
      if (to < least || to >= most) continue;
      const size = (lengths.get(to - 1) ?? 0) + 1;
      longer.set(to, size);
      if (size > best[2]) best = [from - size + 1, to - size + 1, size];
    }
    lengths = longer;
  }
  return best;
}
