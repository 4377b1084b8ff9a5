/* Contours of glyphs: points with FreeType's curve tags, from HarfBuzz; their curves, and the box around these.

A contour is {x, y, tags}: 1 on the curve, 0 a quadratic control point, 2 a cubic one. */

import { rint } from "./pixels.js";

export const [QUADRATIC, ON_CURVE, CUBIC] = [0, 1, 2];
const STEPS = 64;  // FreeType counts in 64ths

/** Functions that HarfBuzz calls for a glyph, and ``taken()``: the contours since the last call. */
export function contourCollector(DrawFuncs) {
  const functions = new DrawFuncs();
  let contours = [];
  const add = (x, y, tag) => {
    const { x: xs, y: ys, tags } = contours.at(-1);
    xs.push(x);
    ys.push(y);
    tags.push(tag);
  };
  functions.setMoveToFunc((x, y) => {
    contours.push({ x: [], y: [], tags: [] });
    add(x, y, ON_CURVE);
  });
  functions.setLineToFunc((x, y) => add(x, y, ON_CURVE));
  functions.setQuadraticToFunc((cx, cy, x, y) => {
    add(cx, cy, QUADRATIC);
    add(x, y, ON_CURVE);
  });
  functions.setCubicToFunc((cx, cy, dx, dy, x, y) => {
    add(cx, cy, CUBIC);
    add(dx, dy, CUBIC);
    add(x, y, ON_CURVE);
  });
  functions.setClosePathFunc(() => {});
  const taken = () => {
    const found = contours.map(closed).map(withoutMiddles).filter(({ tags }) => tags.length > 1).map(whole);
    contours = [];
    return found;
  };
  return { functions, taken };
}

/** Without a last point that repeats the first. */
function closed({ x, y, tags }) {
  const last = tags.length - 1;
  const isTwice = last > 0 && tags[last] === ON_CURVE && x[last] === x[0] && y[last] === y[0];
  return isTwice ? { x: x.slice(0, last), y: y.slice(0, last), tags: tags.slice(0, last) } : { x, y, tags };
}

/** Without the points midway between two quadratic controls, which TrueType implies and HarfBuzz writes out. */
function withoutMiddles({ x, y, tags }) {
  const count = tags.length;
  const isKept = tags.map((tag, at) => {
    const [before, after] = [(at + count - 1) % count, (at + 1) % count];
    const isBetween = tag === ON_CURVE && count > 2 && tags[before] === QUADRATIC && tags[after] === QUADRATIC;
    return !(isBetween && x[before] + x[after] === 2 * x[at] && y[before] + y[after] === 2 * y[at]);
  });
  const kept = (values) => values.filter((_, at) => isKept[at]);
  return { x: kept(x), y: kept(y), tags: kept(tags) };
}

/** In whole font units, halves away from 0 as FreeType rounds what a composite scales. */
const whole = ({ x, y, tags }) => ({ x: x.map(rounded), y: y.map(rounded), tags });
const rounded = (value) => Math.sign(value) * Math.round(Math.abs(value));

/** The same contours with other coordinates, rounded to 64ths. */
export const changed = (contours, ofX, ofY) => contours.map(({ x, y, tags }) => (
  { x: x.map((value) => rint(STEPS * ofX(value))), y: y.map((value) => rint(STEPS * ofY(value))), tags }));

/** Tell a pen (begin, line, quadratic, cubic) the curves of a contour; implied points are rounded towards 0. */
export function curves({ x, y, tags }, pen) {
  const count = tags.length;
  const middle = (at, next) => [Math.trunc((x[at] + x[next]) / 2), Math.trunc((y[at] + y[next]) / 2)];
  const first = tags.indexOf(ON_CURVE);
  const start = first < 0 ? middle(0, count - 1) : [x[first], y[first]];
  pen.begin(...start);
  let at = first < 0 ? 0 : first + 1;
  const end = first < 0 ? count : first + count;
  const to = (place) => (place < end ? [x[place % count], y[place % count]] : start);
  while (at < end) {
    const [tag, own] = [tags[at % count], at % count];
    if (tag === ON_CURVE) {
      pen.line(x[own], y[own]);
      at++;
    } else if (tag === CUBIC) {
      pen.cubic(x[own], y[own], ...to(at + 1), ...to(at + 2));
      at += 3;
    } else {
      const next = (at + 1) % count;
      const isImplied = at + 1 < end && tags[next] === QUADRATIC;
      pen.quadratic(x[own], y[own], ...(isImplied ? middle(own, next) : to(at + 1)));
      at += isImplied ? 1 : 2;
    }
  }
  pen.line(...start);
}

/** [left, bottom, right, top] around the curves in font units; zeros without any. */
export function boxAround(contours) {
  const pen = new Extent();
  for (const contour of changed(contours, (value) => value, (value) => value)) curves(contour, pen);
  return pen.isEmpty ? [0, 0, 0, 0] : [pen.low[0], pen.low[1], pen.high[0], pen.high[1]].map((value) => value / STEPS);
}

/** A pen that finds how far curves reach. */
class Extent {
  low = [Infinity, Infinity];
  high = [-Infinity, -Infinity];

  get isEmpty() {
    return this.low[0] === Infinity;
  }

  reach(axis, value) {
    this.low[axis] = Math.min(this.low[axis], value);
    this.high[axis] = Math.max(this.high[axis], value);
  }

  begin(x, y) {
    this.at = [x, y];
    this.line(x, y);
  }

  line(x, y) {
    this.reach(0, x);
    this.reach(1, y);
    this.at = [x, y];
  }

  quadratic(cx, cy, x, y) {
    [[cx, x], [cy, y]].forEach(([control, end], axis) => {
      const start = this.at[axis];
      if ((control - start) * (end - control) >= 0) return;
      this.reach(axis, rint((start * end - control * control) / (start - 2 * control + end)));
    });
    this.line(x, y);
  }

  cubic(x1, y1, x2, y2, x, y) {
    [[x1, x2, x], [y1, y2, y]].forEach(([first, second, end], axis) => {
      const start = this.at[axis];
      const [a, b, c] = [end - 3 * second + 3 * first - start, 2 * (second - 2 * first + start), first - start];
      for (const t of roots(a, b, c)) {
        const s = 1 - t;
        this.reach(axis, rint(s * s * s * start + 3 * s * s * t * first + 3 * s * t * t * second + t * t * t * end));
      }
    });
    this.line(x, y);
  }
}

/** Where a t² + b t + c is 0 between 0 and 1. */
function roots(a, b, c) {
  const square = b * b - 4 * a * c;
  if (square < 0) return [];
  const far = -(b + (b < 0 ? -1 : 1) * Math.sqrt(square)) / 2;
  return [far / a, c / far].filter((t) => t > 0 && t < 1);
}
