/* A picture file or a canvas → grey, and what its transparency says. As glyphlens.commands.image_pictures. */

import { MIN_CONTRAST, NothingToSee } from "./picture_ink.js";
import { twoLevels } from "./paper.js";
import { reduced } from "./pillow.js";
import { boxOf, cropped, maximum, picture, rint } from "./pixels.js";

const MAX_PIXELS = 64_000_000;
const MAX_BYTES = 256 * 2 ** 20;  // of that many pixels, stored plainly
const LARGE_PX = 2048;
const MID_GREY = 127.5;
const CARD_FILL = 0.7;
const ALPHA_LEAN = 3;

/** Throws NothingToSee for a picture with too many bytes or pixels, before it is decoded: it might fill the memory. */
export async function requireModestPicture(file) {
  if (file.size > MAX_BYTES) {
    const [found, limit] = [file.size, MAX_BYTES].map((bytes) => Math.round(bytes / 2 ** 20).toLocaleString("en"));
    throw new NothingToSee(`the file has ${found} MiB, and the page reads pictures of up to ${limit} MiB`);
  }
  const image = new Image();
  image.src = URL.createObjectURL(file);
  await new Promise((resolve) => { image.onload = image.onerror = resolve; });  // knows its size, but is not decoded
  URL.revokeObjectURL(image.src);
  requireFewPixels(image.naturalWidth, image.naturalHeight);
}

function requireFewPixels(width, height) {
  if (width * height > MAX_PIXELS) throw new NothingToSee(`the picture has ${width} × ${height} pixels; crop it`);
}

/** {grey, lean} of a file; throws NothingToSee where it is no picture that the browser reads. ``isWhole``: its own size. */
export async function readPhoto(file, isWhole = false) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new NothingToSee("this is not a picture that your browser reads (PNG, JPEG, WebP, GIF and BMP are)");
  }
  try {
    requireFewPixels(bitmap.width, bitmap.height);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return readPixels(context.getImageData(0, 0, bitmap.width, bitmap.height), isWhole);
  } finally {
    bitmap.close();
  }
}

/** The same of RGBA pixels. */
export function readPixels({ width, height, data }, isWhole = false) {
  let channels = [0, 1, 2, 3].map((channel) => {
    const own = picture(width, height);
    for (let at = 0; at < own.data.length; at++) own.data[at] = data[4 * at + channel];
    return own;
  });
  const factor = isWhole ? 1 : Math.ceil(Math.max(width, height) / LARGE_PX);
  if (factor > 1) channels = channels.map((channel) => reduced(channel, factor));
  const [red, green, blue, alpha] = channels;
  const luminance = picture(red.width, red.height);
  for (let at = 0; at < luminance.data.length; at++) {
    luminance.data[at] = (red.data[at] * 19595 + green.data[at] * 38470 + blue.data[at] * 7471 + 0x8000) >> 16;
  }
  return alpha.data.every((value) => value === 255) ? { grey: luminance, lean: 0 } : onPaper(luminance, alpha);
}

/** What is transparent becomes paper; of a card with ink on it only the card counts. */
function onPaper(luminance, alpha) {
  if (!maximum(alpha.data)) throw new NothingToSee("the picture is wholly transparent");
  const isOpaque = { ...alpha, data: alpha.data.map((value) => (value > MID_GREY ? 1 : 0)) };
  const box = cardIn(luminance, isOpaque);
  if (box) {
    const shades = luminance.data.filter((_, at) => isOpaque.data[at]).sort();
    const middle = (shades[(shades.length - 1) >> 1] + shades[shades.length >> 1]) / 2;
    const grey = blended(luminance, alpha, middle);
    return { grey: cropped(grey, box.top, box.left, box.bottom - box.top, box.right - box.left), lean: 0 };
  }
  let [weight, total] = [0, 0];
  alpha.data.forEach((value, at) => {
    weight += value;
    total += value * luminance.data[at];
  });
  const isDark = total / weight <= MID_GREY;
  return { grey: blended(luminance, alpha, isDark ? 255 : 0), lean: isDark ? ALPHA_LEAN : -ALPHA_LEAN };
}

function cardIn(luminance, isOpaque) {
  const box = boxOf(isOpaque);
  if (!box) return null;
  let count = 0;
  isOpaque.data.forEach((value) => { count += value; });
  const { ink, paper } = twoLevels(luminance.data, isOpaque.data);
  const fill = count / ((box.bottom - box.top) * (box.right - box.left));
  return fill > CARD_FILL && ink - paper >= MIN_CONTRAST ? box : null;
}

function blended(luminance, alpha, paper) {
  const found = picture(luminance.width, luminance.height);
  for (let at = 0; at < found.data.length; at++) {
    const share = alpha.data[at] / 255;
    found.data[at] = rint(luminance.data[at] * share + paper * (1 - share));
  }
  return found;
}
