/* CTC scores → text, how sure each token is and the whole line: the best path, or a beam with a character n-gram.
The same as glyphlens.inference.decoding and .beam. */

const BLANK = 0;
const START = "\n";
const TENTHS = 10; // costs are whole tenths of a nat
const LEAST_CHANCE = 1e-2;

/** (T, C) log probabilities of a line's frames, an array of Float64Array. */
export function logChances(logits, frames, scores) {
  return Array.from({ length: frames }, (_, frame) => {
    const row = Float64Array.from(logits.subarray(frame * scores, (frame + 1) * scores));
    const most = row.reduce((best, value) => Math.max(best, value));
    const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return row.map((value) => value - most - total);
  });
}

/** {tokens: [{text, confidence}], confidence} of the best path. */
export function readGreedily(logs, charset) {
  const tokens = [];
  let [before, total] = [BLANK, 0];
  for (const row of logs) {
    let best = 0;
    row.forEach((value, number) => { if (value > row[best]) best = number; });
    total += row[best];
    const chance = Math.exp(row[best]);
    if (best !== BLANK && best === before) tokens.at(-1).confidence = Math.max(tokens.at(-1).confidence, chance);
    else if (best !== BLANK) tokens.push({ text: charset[best - 1], confidence: chance });
    before = best;
  }
  return { tokens, confidence: Math.exp(total) };
}

/** Scores of tokens after a text, the same as glyphlens.inference.ngram; ``content`` is ngram.json's. */
export class CharacterNgram {
  constructor({ order, lengths, ends, costs, rests }) {
    this.order = order;
    this.costs = new Map();
    this.known = new Map();
    const [own, shorter] = [costs, rests].map((text) => text.split(" ").map(Number));
    this.rests = new Map([["", shorter[0]]]);
    const begun = [""];
    let at = 1;
    for (const [place, end] of [...ends].entries()) {
      const length = Number(lengths[place]);
      const run = begun[length - 1] + end;
      begun[length] = run;
      if (end !== START) this.costs.set(run, own[place]);
      if (length < order) this.rests.set(run, shorter[at++]);
    }
  }

  /** Nats of a token's characters after a text. */
  score(token, before) {
    const context = (START.repeat(this.order - 1) + before).slice(1 - this.order);
    const text = context + token;
    const key = `${token}|${context}`;
    let found = this.known.get(key);
    if (found === undefined) {
      found = 0;
      for (let back = 0; back < token.length; back++) found -= this.costOfLast(text.slice(0, text.length - back));
      found /= TENTHS;
      this.known.set(key, found);
    }
    return found;
  }

  costOfLast(text) {
    let cost = 0;
    for (let length = this.order; length > 0; length--) {
      const found = this.costs.get(text.slice(-length));
      if (found !== undefined) return cost + found;
      cost += this.rests.get(text.slice(-length, -1)) ?? 0;
    }
    return cost;
  }
}

/** The tokens of the best text (Hannun et al. 2014, algorithm 1); a prefix is scored by the sum of all its paths. */
export function readBeam(logs, charset, ngram, { beam, alpha, beta }) {
  let prefixes = new Map([[{ last: BLANK, before: null, bonus: 0, text: "", longer: new Map() }, [0, -Infinity]]]);
  for (const row of logs) {
    const likely = Array.from(row.keys()).filter((number) => number !== BLANK && row[number] > Math.log(LEAST_CHANCE));
    if (!likely.length) { // half of the frames: the prefixes stay, and their order is of no use
      for (const [prefix, own] of prefixes) [own[0], own[1]] = [logSum(...own) + row[BLANK], own[1] + row[prefix.last]];
      continue;
    }
    const grown = new Map();
    const scores = (prefix) => {
      if (!grown.has(prefix)) grown.set(prefix, [-Infinity, -Infinity]);
      return grown.get(prefix);
    };
    for (const [prefix, [blank, token]] of prefixes) {
      const both = logSum(blank, token);
      const own = scores(prefix);
      own[0] = logSum(own[0], both + row[BLANK]);
      if (prefix.before) own[1] = logSum(own[1], token + row[prefix.last]);
      for (const number of likely) {
        const longer = scores(followed(prefix, number, charset, ngram, alpha, beta));
        longer[1] = logSum(longer[1], (prefix.last === number ? blank : both) + row[number]);
      }
    }
    const ranked = [...grown].map((entry) => [entry, logSum(...entry[1]) + entry[0].bonus]);
    ranked.sort(([, one], [, other]) => other - one);
    prefixes = new Map(ranked.slice(0, beam).map(([entry]) => entry));
  }
  let best = null;
  let most = -Infinity;
  for (const [prefix, own] of prefixes) {
    const score = logSum(...own) + prefix.bonus;
    if (!best || score > most) [best, most] = [prefix, score];
  }
  const found = [];
  for (let prefix = best; prefix.before; prefix = prefix.before) found.unshift(charset[prefix.last - 1]);
  return found;
}

function followed(prefix, number, charset, ngram, alpha, beta) {
  let longer = prefix.longer.get(number);
  if (!longer) {
    const token = charset[number - 1];
    const gained = alpha * ngram.score(token, prefix.text) + beta * [...token].length;
    longer = { last: number, before: prefix, bonus: prefix.bonus + gained, text: prefix.text + token, longer: new Map() };
    prefix.longer.set(number, longer);
  }
  return longer;
}

function logSum(first, second) {
  const [most, least] = first < second ? [second, first] : [first, second];
  return least === -Infinity ? most : most + Math.log1p(Math.exp(least - most));
}
