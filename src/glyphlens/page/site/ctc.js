/* CTC scores → text, how sure each token is and the whole line: the best path, or a beam with a character n-gram.
The same as glyphlens.inference.decoding and .beam. */

const BLANK = 0;
const BACKOFF = 0.4;
const START = "\n";
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

/** Scores of tokens after a text by stupid backoff (Brants et al. 2007); ``content`` is ngram.json's. */
export class CharacterNgram {
  constructor({ order, counts }) {
    this.order = order;
    this.counts = new Map(Object.entries(counts));
    this.known = new Map();
    this.total = 0;
    for (const [run, count] of this.counts) if (run.length === 1 && run !== START) this.total += count;
  }

  /** Nats of a token's characters after a text. */
  score(token, before) {
    const context = (START.repeat(this.order - 1) + before).slice(1 - this.order);
    const text = context + token;
    const key = `${token}|${context}`;
    let found = this.known.get(key);
    if (found === undefined) {
      found = 0;
      for (let back = 0; back < token.length; back++) found += this.scoreOfLast(text.slice(0, text.length - back));
      this.known.set(key, found);
    }
    return found;
  }

  scoreOfLast(text) {
    let penalty = 0;
    for (let length = this.order - 1; length > 0; length--) {
      const found = this.counts.get(text.slice(-length - 1)) ?? 0;
      const context = this.counts.get(text.slice(-length - 1, -1)) ?? 0;
      if (found && context) return penalty + Math.log(Math.min(1, found / context));
      penalty += Math.log(BACKOFF);
    }
    return penalty + Math.log(Math.max(1, this.counts.get(text.at(-1)) ?? 0) / Math.max(1, this.total));
  }
}

/** The tokens of the best text (Hannun et al. 2014, algorithm 1); a prefix is scored by the sum of all its paths. */
export function readBeam(logs, charset, ngram, { beam, alpha, beta }) {
  let prefixes = new Map([[{ last: BLANK, before: null, bonus: 0, text: "", longer: new Map() }, [0, -Infinity]]]);
  for (const row of logs) {
    const likely = Array.from(row.keys()).filter((number) => number !== BLANK && row[number] > Math.log(LEAST_CHANCE));
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
