/* An outline → 128 × 128 pictures of one bit, to the pixel as glyphlens.imaging.raster has FreeType draw them.

Coordinates are whole numbers, 256 to the pixel, y up. Curves are split and lines are cut at the borders of pixels with
FreeType's rounding (its smooth rasteriser, freetype.org), so that pixels half covered fall on the same side. */

import { curves } from "./contours.js";
import { picture } from "./pixels.js";

export const CANVAS_PX = 128;
const ONE = 256;
const INK_LEVEL = 127;  // of 256: half of the pixel
const FLAT = ONE / 4;  // how far a quadratic may bend, four times
const CUBIC_FLAT = ONE / 2;
const UPSCALE = 4;  // 64ths → 256ths

/** A picture of 0 and 255; ``contours`` in 64ths of a pixel, the origin in the lower left corner. */
export function drawn(contours) {
  const cells = new Cells();
  const pen = new Flattening((x0, y0, x1, y1) => cells.line(x0, y0, x1, y1));
  for (const contour of contours) curves(contour, pen);
  return cells.picture();
}

/** Area and height that lines cover in each pixel. */
class Cells {
  constructor() {
    this.area = new Int32Array(CANVAS_PX * CANVAS_PX);
    this.cover = new Int32Array(CANVAS_PX * CANVAS_PX);
    this.left = new Int32Array(CANVAS_PX);  // what rounding puts to the left of the picture
  }

  add(column, row, height, twice) {
    if (column >= CANVAS_PX || row < 0 || row >= CANVAS_PX) return;
    if (column < 0) {
      this.left[row] += height;
      return;
    }
    const at = row * CANVAS_PX + column;
    this.cover[at] += height;
    this.area[at] += height * twice;
  }

  line(x0, y0, x1, y1) {
    const [dx, dy] = [x1 - x0, y1 - y0];
    if (dy === 0) return;
    let [column, row, x, y] = [x0 >> 8, y0 >> 8, x0 & 255, y0 & 255];
    const [lastColumn, lastRow] = [x1 >> 8, y1 >> 8];
    let product = dx * y - dy * x;  // its sign at the corners of a pixel says through which side the line leaves
    const [byWidth, byHeight] = [divider(Math.abs(dx)), divider(Math.abs(dy))];
    while (column !== lastColumn || row !== lastRow) {
      if (dx === 0) {
        const end = dy > 0 ? ONE : 0;
        this.add(column, row, end - y, 2 * x);
        row += Math.sign(dy);
        y = ONE - end;
      } else if (product - dx * ONE > 0 && product <= 0) {
        const end = byWidth(-product);
        product -= dy * ONE;
        this.add(column, row, end - y, x);
        [x, y] = [ONE, end];
        column--;
      } else if (product - dx * ONE + dy * ONE > 0 && product - dx * ONE <= 0) {
        product -= dx * ONE;
        const end = byHeight(-product);
        this.add(column, row, ONE - y, x + end);
        [x, y] = [end, 0];
        row++;
      } else if (product + dy * ONE >= 0 && product - dx * ONE + dy * ONE <= 0) {
        product += dy * ONE;
        const end = byWidth(product);
        this.add(column, row, end - y, x + ONE);
        [x, y] = [0, end];
        column++;
      } else {
        const end = byHeight(product);
        product += dx * ONE;
        this.add(column, row, -y, x + end);
        [x, y] = [end, ONE];
        row--;
      }
    }
    this.add(column, row, (y1 & 255) - y, x + (x1 & 255));
  }

  picture() {
    const found = picture(CANVAS_PX, CANVAS_PX);
    for (let row = 0; row < CANVAS_PX; row++) {
      const target = (CANVAS_PX - 1 - row) * CANVAS_PX;
      let height = this.left[row];
      for (let column = 0; column < CANVAS_PX; column++) {
        const at = row * CANVAS_PX + column;
        height += this.cover[at];
        const level = (height * 2 * ONE - this.area[at]) >> 9;
        if ((level < 0 ? ~level : level) >= INK_LEVEL) found.data[target + column] = 255;
      }
    }
    return found;
  }
}

/** Division by multiplying, as FreeType rounds it. */
function divider(divisor) {
  const share = divisor ? Math.floor(0xffffffff / divisor) : 0;
  return (dividend) => Math.floor((dividend * share) / 2 ** 32);
}

/** A pen that breaks curves into lines; see ``curves``. */
class Flattening {
  constructor(line) {
    this.draw = line;
  }

  begin(x, y) {
    [this.x, this.y] = [x * UPSCALE, y * UPSCALE];
  }

  line(x, y) {
    this.to(x * UPSCALE, y * UPSCALE);
  }

  to(x, y) {
    this.draw(this.x, this.y, x, y);
    [this.x, this.y] = [x, y];
  }

  quadratic(...points) {
    const [cx, cy, x, y] = points.map((value) => value * UPSCALE);
    const [x0, y0, bx, by] = [this.x, this.y, cx - this.x, cy - this.y];
    const [ax, ay] = [x - cx - bx, y - cy - by];
    let count = 1;
    for (let bend = Math.max(Math.abs(ax), Math.abs(ay)); bend > FLAT; bend >>= 2) count *= 2;
    for (let at = 1; at < count; at++) {
      const t = at / count;
      this.to(Math.floor(x0 + 2 * bx * t + ax * t * t), Math.floor(y0 + 2 * by * t + ay * t * t));
    }
    this.to(x, y);
  }

  cubic(...points) {
    this.split([this.x, this.y, ...points.map((value) => value * UPSCALE)]);
  }

  split([x0, y0, x1, y1, x2, y2, x3, y3]) {
    if (isNear(x3, x2, x0) && isNear(y3, y2, y0) && isNear(x0, x1, x3) && isNear(y0, y1, y3)) {
      this.to(x3, y3);
      return;
    }
    const [xs, ys] = [halves(x0, x1, x2, x3), halves(y0, y1, y2, y3)];
    const part = (from) => [0, 1, 2, 3].flatMap((at) => [xs[from + at], ys[from + at]]);
    this.split(part(0));
    this.split(part(3));
  }
}

/** Whether a control point is near the third of the chord that it is beside. */
const isNear = (end, control, start) => Math.abs(2 * end - 3 * control + start) <= CUBIC_FLAT;

/** Seven numbers: those of both halves of a cubic, rounded down. */
function halves(start, first, second, end) {
  const [a, b, c] = [start + first, first + second, second + end];
  return [start, a >> 1, (a + b) >> 2, (a + 2 * b + c) >> 3, (b + c) >> 2, c >> 1, end];
}
