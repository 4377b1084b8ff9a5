/* Pictures of lines → text, and how sure it is: `glyphlens read`. The same as glyphlens.inference.line_reader. */

import { CharacterNgram, logChances, readBeam, readGreedily } from "./ctc.js";
import { canonical, clusters } from "./khmer.js";
import { lineImages } from "./page_lines.js";
import { placed } from "./matching.js";
import { NothingToSee } from "./picture_ink.js";
import { picture, resizedByArea, resizedCubically, rint, sum } from "./pixels.js";
import { fetched, tensor } from "./recognizers.js";

const [DOUBTFUL, TRIED_LINES, UPSIDE_DOWN_GAIN] = [0.9, 6, 1.2];

/** [{text, confidence, clusters}] of a page {grey}; throws NothingToSee where there is no text. */
export async function readPage({ grey }, model) {
  let images = lineImages(grey);
  let texts = await readLines(images, model);
  if (texts.length > 1 || texts[0].confidence < DOUBTFUL) {
    const longest = [...images.keys()].sort((one, other) => images[other].width - images[one].width).slice(0, TRIED_LINES);
    const turned = await readLines(longest.map((number) => upsideDown(images[number])), model);
    if (certainText(turned) > UPSIDE_DOWN_GAIN * certainText(longest.map((number) => texts[number]))) {
      images = lineImages(upsideDown(grey));
      texts = await readLines(images, model);
    }
  }
  const found = texts.filter((line) => line.text);
  if (!found.length) throw new NothingToSee("no text: nothing on it could be read");
  return found;
}

/** Turned by 180°. */
const upsideDown = (image) => ({ ...image, data: image.data.slice().reverse() });

const certainText = (texts) => sum(texts.flatMap((text) => text.clusters.map((each) => each.text.length * each.confidence)));

async function readLines(images, model) {
  model.ngramRead ??= new CharacterNgram(await (await fetched(new URL(model.ngram, model.folder))).json());
  const found = [];
  for (const image of images) found.push(await readLine(image, model));
  return found;
}

async function readLine(image, model) {
  const { height_px: height, stride_px: stride, multiple_px: multiple, beam } = model.rule;
  const scaled = scaledToHeight(image, height);
  if (!scaled.data.some(Boolean)) return { text: "", confidence: 1, clusters: [] };
  const filled = picture(Math.ceil(scaled.width / multiple) * multiple, height);
  for (let y = 0; y < height; y++) {
    filled.data.set(scaled.data.subarray(y * scaled.width, (y + 1) * scaled.width), y * filled.width);
  }
  const raster = tensor("uint8", filled.data, [1, height, filled.width]);
  const { logits } = await model.session.run({ raster });
  const logs = logChances(logits.data, Math.ceil(scaled.width / stride), logits.dims[2]);
  const { tokens, confidence } = readGreedily(logs, model.charset);
  const read = placed(readBeam(logs, model.charset, model.ngramRead, beam), tokens);
  return { ...inClusters(read), confidence: confidence ** (1 / model.line_temperature) };
}

function scaledToHeight(image, height) {
  if (image.height === height) return image;
  const width = Math.max(1, rint((image.width * height) / image.height));
  return (image.height > height ? resizedByArea : resizedCubically)(image, width, height);
}

/** Clusters of the tokens that were read, then of the canonical text. */
function inClusters(tokens) {
  const characters = tokens.flatMap((token) => [...token.text].map(() => token.confidence));
  let place = 0;
  const raw = clusters(tokens.map((token) => token.text).join("")).map((text) => {
    const own = characters.slice(place, place += [...text].length);
    return { text, confidence: Math.min(...own) };
  });
  const text = canonical(raw.map((each) => each.text).join(""));
  return { text, clusters: placed(clusters(text), raw) };
}
