/* What a recogniser makes of a picture when its parts are covered with paper, one after another. The same as
glyphlens.tracks.arabic.evaluation.occlusion. */

import { probabilities } from "./recognizers.js";

export const CELL_PX = 8;  // a part's side
const SLICE = 4;  // pictures that are read before the page may do something else

/** What covering does to the probability of a class: [{row, column, effect}] of all parts with ink, in a picture of
whole parts. Above 0 a part speaks for the class: the probability falls by so much when it is covered. ``tell`` is told
the share that is done; null comes once ``isWanted`` says no. */
export async function occluded(model, image, place, tell, isWanted) {
  const cells = inkedCells(image);
  const pictures = [image, ...cells.map((cell) => covered(image, cell))];
  const found = [];
  while (found.length < pictures.length) {
    const rows = await probabilities(model, pictures.slice(found.length, found.length + SLICE));
    found.push(...rows.map((row) => row[place]));
    tell(found.length / pictures.length);
    await new Promise((resolve) => setTimeout(resolve));
    if (!isWanted()) return null;
  }
  const [whole, ...without] = found;
  return cells.map((cell, at) => ({ ...cell, effect: whole - without[at] }));
}

/** Those that have ink, row by row. */
function inkedCells({ width, height, data }) {
  const columns = width / CELL_PX;
  const isInked = new Uint8Array((columns * height) / CELL_PX);
  data.forEach((ink, at) => {
    if (ink) isInked[Math.floor(at / width / CELL_PX) * columns + Math.floor((at % width) / CELL_PX)] = 1;
  });
  return [...isInked.keys()].filter((at) => isInked[at])
    .map((at) => ({ row: Math.floor(at / columns), column: at % columns }));
}

function covered(image, { row, column }) {
  const data = image.data.slice();
  for (let y = row * CELL_PX; y < (row + 1) * CELL_PX; y++) {
    data.fill(0, y * image.width + column * CELL_PX, y * image.width + (column + 1) * CELL_PX);
  }
  return { ...image, data };
}
