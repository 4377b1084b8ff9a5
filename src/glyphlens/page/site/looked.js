/* Where the recogniser looked: a button that asks it, and the parts of a picture that speak for an answer or against. */

import { made } from "./answers.js";
import { maximum } from "./pixels.js";

const FOR = [116, 76, 190];  // purple and orange, as in the reports: told apart by the colour-blind too
const AGAINST = [224, 130, 20];
const INK_SHADE = 0.4;  // of a colour, where the picture has ink
const LEAST = 0.0005;  // of a probability: less is shown as 0.0 points
const NAMED = 3;  // places that are named in words
const ZONES = [["upper left", "top", "upper right"], ["left", "middle", "right"], ["lower left", "bottom", "lower right"]];

/** The button, and below it what it asks for: nothing is computed before. ``inTurn`` runs a task when its turn comes, as
long as what it is given says that the answer is still shown. */
export function whereItLooked({ found, model }, inTurn) {
  const [own, button, shown] = [made("div", "looked"), made("button", "", "Where it looked"), made("div")];
  const { label } = model.classes[found.answers[0].place].members[0];
  Object.assign(button, { type: "button", ariaExpanded: "false" });
  button.ariaLabel = `Where it looked: the parts of the picture that speak for ${label} or against it`;
  shown.hidden = true;
  let isAsked = false;
  button.addEventListener("click", () => {
    shown.hidden = !shown.hidden;
    button.ariaExpanded = String(!shown.hidden);
    if (!isAsked) look(shown, { found, model, label }, inTurn, () => own.isConnected);
    isAsked = true;
  });
  own.append(button, shown);
  return own;
}

async function look(shown, { found, model, label }, inTurn, isWanted) {
  const [progress, words] = [made("progress"), made("p", "said")];
  Object.assign(progress, { value: 0, ariaLabel: "How much of the picture has been covered" });
  words.role = "status";
  shown.append(progress, words);
  try {
    const { occluded, CELL_PX } = await import("./occlusion.js");
    const tell = (share) => { progress.value = share; };
    const [{ place }] = found.answers;
    const cells = await inTurn(isWanted, () => occluded(model, found.picture, place, tell, isWanted));
    if (!cells) return;
    words.textContent = inWords(cells, label);
    shown.append(figure(found.picture, cells, CELL_PX, label));
  } catch (error) {
    console.error(error);
    words.textContent = `The recogniser could not be run: ${error.message ?? error}`;
  }
  progress.remove();
}

/** Which places matter most, each by its strongest part. */
function inWords(cells, label) {
  const zones = strongestByZone(cells);
  const speaking = zones(1);
  const against = zones(-1);
  if (!speaking.length && !against.length) return `Whichever part is covered, ${label} stays as sure.`;
  const pros = speaking.length ? `For ${label}: ${listed(speaking, "less sure")}` : `No part alone speaks for ${label}`;
  return `${pros}. ${against.length ? `Against it: ${listed(against, "surer")}` : "No part alone speaks against it"}.`;
}

function listed([[zone, effect], ...others], change) {
  const first = `${zone} (${points(effect)} points ${change} without that part)`;
  return [first, ...others.map(([name, own]) => `${name} (${points(own)})`)].join(", ");
}

const points = (effect) => (100 * Math.abs(effect)).toFixed(1);

/** For a sign, [zone, effect] of the strongest parts with it, one per ninth of the box around the ink. */
function strongestByZone(cells) {
  const spans = ["row", "column"].map((side) => {
    const places = cells.map((cell) => cell[side]);
    const first = Math.min(...places);
    return (cell) => Math.floor((3 * (cell[side] - first + 0.5)) / (Math.max(...places) - first + 1));
  });
  return (sign) => {
    const found = new Map();
    for (const cell of cells.filter(({ effect }) => sign * effect >= LEAST)) {
      const [down, across] = spans.map((span) => span(cell));
      const zone = ZONES[down][across];
      if (!(sign * cell.effect <= sign * found.get(zone))) found.set(zone, cell.effect);
    }
    return [...found].sort(([, one], [, other]) => sign * (other - one)).slice(0, NAMED);
  };
}

function figure(image, cells, side, label) {
  const [own, canvas, legend] = [made("figure"), made("canvas"), made("figcaption")];
  Object.assign(canvas, { role: "img", ariaLabel: `The picture, its parts coloured by what they do for ${label}` });
  const columns = image.width / side;
  const effects = new Array((columns * image.height) / side).fill(0);
  for (const { row, column, effect } of cells) effects[row * columns + column] = effect;
  canvas.dataset.effects = effects;
  const most = Math.max(LEAST, maximum(effects.map(Math.abs)));
  drawEffects(canvas, image, (x, y) => effects[Math.floor(y / side) * columns + Math.floor(x / side)] / most);
  legend.append(swatch(FOR, `Speaks for ${label}: without the part it is less sure.`));
  legend.append(swatch(AGAINST, "Speaks against it: without the part it is surer."));
  legend.append(made("p", "", `The deepest colour is ${points(most)} points of the confidence.`));
  own.append(canvas, legend);
  return own;
}

function swatch(colour, text) {
  const [own, patch] = [made("p", "key"), made("span", "swatch")];
  patch.style.background = `rgb(${colour})`;
  own.append(patch, made("span", "", text));
  return own;
}

/** ``strength`` of a pixel: 1 for the colour of what speaks for the answer, -1 for the other, 0 for none. */
function drawEffects(canvas, { width, height, data }, strength) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  data.forEach((ink, at) => {
    const own = strength(at % width, Math.floor(at / width));
    const shade = 1 - (INK_SHADE * ink) / 255;
    const mixed = (own < 0 ? AGAINST : FOR).map((tone) => shade * (255 + Math.abs(own) * (tone - 255)));
    pixels.data.set([...mixed, 255], 4 * at);
  });
  context.putImageData(pixels, 0, 0);
}
