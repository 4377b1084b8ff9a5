/* The released models in the browser: onnxruntime-web on one thread, and what its scores mean. */

import * as ort from "./ort/ort.wasm.min.mjs";
import { fittedGlyph } from "./glyphs.js";
import { preparedHandwriting } from "./handwriting.js";
import { likelyFirst } from "./members.js";
import { inkReadings, NothingToSee } from "./picture_ink.js";
import { maximum, sum } from "./pixels.js";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
ort.env.logLevel = "fatal";

const LEAST = 1e-30;
const SURE = 0.95;
const GEOMETRY_FEATURES = 7;
export const TOP = 5;
const opened = new Map();

/** The model of a track, opened once: {…what model.json says, session, folder}; members of classes the likeliest first,
in ``unordered`` as the model has them. */
export function openModel(name) {
  if (!opened.has(name)) {
    const opening = readModel(name);
    opened.set(name, opening);
    opening.catch(() => opened.delete(name));
  }
  return opened.get(name);
}

async function readModel(name) {
  const folder = new URL(`./models/${name}/`, import.meta.url);
  const facts = await (await fetched(new URL("model.json", folder))).json();
  const session = await openGraph(new URL(facts.file, folder));
  const classes = facts.writing ? likelyFirst(facts.classes, facts.writing) : facts.classes;
  const found = { ...facts, classes, unordered: facts.classes, folder, session };
  if (facts.decoder === "prototypes") await addPrototypes(found);
  return found;
}

/** A session of the file at an address. */
export async function openGraph(address) {
  return ort.InferenceSession.create(await (await fetched(address)).arrayBuffer(), { executionProviders: ["wasm"] });
}

export async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status} ${answer.statusText}`);
  return answer;
}

/** Vectors as they are stored: int8 (C, E), and a step and a bias per class, float32. */
async function addPrototypes(model) {
  const read = async (name) => (await fetched(new URL(name, model.folder))).arrayBuffer();
  model.levels = new Int8Array(await read("levels.bin"));
  model.steps = new Float32Array(await read("steps.bin"));
  model.biases = new Float32Array(await read("biases.bin"));
}

export const tensor = (kind, values, shape) => new ort.Tensor(kind, values, shape);

export function softmax(logits) {
  const most = maximum(logits);
  const powers = Float64Array.from(logits, (value) => Math.exp(value - most));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/** The places of the ``count`` largest values, the largest first, ties to the lower place. */
export function bestOf(values, count) {
  const found = [];
  for (let at = 0; at < values.length; at++) {
    if (found.length === count && !(values[at] > values[found[count - 1]])) continue;
    let place = found.length;
    while (place > 0 && values[at] > values[found[place - 1]]) place--;
    found.splice(place, 0, at);
    if (found.length > count) found.pop();
  }
  return found;
}

/** {ways: [{picture, share, seenAs}]}: each way to see a picture, prepared as the model reads pictures. */
export function waysToSee({ grey, lean }, model, isMark = false) {
  const [ways, faults] = [[], []];
  for (const { ink, share, tone, isCleared } of inkReadings(grey, lean)) {
    try {
      const prepared = model.script === "arabic" ? fittedGlyph(ink, isMark) : preparedHandwriting(ink, model.rule);
      const seenAs = `${tone} ink${isCleared ? ", without what lies at the border" : ""}`;
      ways.push({ picture: prepared, share, seenAs });
    } catch (error) {
      if (!(error instanceof NothingToSee)) throw error;
      faults.push(error);
    }
  }
  if (!ways.length) throw faults[0];
  const total = sum(ways.map((way) => way.share));
  return ways.map((way) => ({ ...way, share: way.share / total }));
}

/** What a picture of one character shows: {answers: [{place, confidence}], picture, note}, as `glyphlens predict`. */
export async function predicted(page, model, isMark = false) {
  const ways = waysToSee(page, model, isMark);
  const rows = await probabilities(model, ways.map((way) => way.picture));
  const weights = rows.map((row, way) => ways[way].share * Math.max(LEAST, maximum(row)));
  const shares = weights.map((weight) => weight / sum(weights));
  const mean = rows[0].map((_, place) => sum(rows.map((row, way) => shares[way] * row[place])));
  const total = Math.max(sum(mean), LEAST);
  const [chosen] = bestOf(shares, 1);
  const isUnsure = shares[chosen] < SURE;
  return {
    answers: bestOf(mean, TOP).map((place) => ({ place, confidence: mean[place] / total })),
    picture: ways[chosen].picture,
    note: isUnsure ? `seen as ${ways[chosen].seenAs}: ${Math.round(100 * shares[chosen])}% sure` : "",
  };
}

/** A row of probabilities of each picture; ``geometry``: seven numbers each, 0 where unknown. */
export async function probabilitiesOf(model, pictures, geometry) {
  const { width, height } = pictures[0];
  const raster = new Uint8Array(pictures.length * width * height);
  pictures.forEach((each, row) => raster.set(each.data, row * width * height));
  const feeds = { raster: tensor("uint8", raster, [pictures.length, height, width]) };
  if (model.session.inputNames.includes("geometry")) {
    feeds.geometry = tensor("float32", geometry, [pictures.length, GEOMETRY_FEATURES]);
  }
  const found = (await model.session.run(feeds))[model.session.outputNames[0]];
  const length = found.dims[1];
  return pictures.map((_, row) => {
    const scores = found.data.subarray(row * length, (row + 1) * length);
    return softmax(model.levels ? nearness(model, scores) : scores);
  });
}

/** The same of pictures whose geometry is unknown. */
export async function probabilities(model, pictures) {
  const unknown = new Float32Array(GEOMETRY_FEATURES * pictures.length);
  return probabilitiesOf(model, pictures, unknown);
}

/** Logits of the classes whose prototypes an embedding is compared with. */
function nearness(model, embedding) {
  const size = embedding.length;
  return Float32Array.from(model.steps, (step, place) => {
    let total = 0;
    for (let at = 0; at < size; at++) total += model.levels[place * size + at] * embedding[at];
    return model.scale * step * total + model.biases[place];
  });
}
