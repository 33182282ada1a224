// Lines and bars as SVG.

import { number } from "../core/format";

type Attributes = Record<string, string | number>;

export function s(tag: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export interface Line {
  name: string;
  values: (number | null)[];
}

const MOST = 400; // numbers of a line that are drawn

// Curves over one axis with the least and greatest number at the side.
export function lines(curves: Line[], described: string, width = 320, height = 110, first = 0): SVGElement {
  const all = curves.flatMap(({ values }) => values.filter((v): v is number => v !== null));
  let [low, high] = all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 1, high + 1];
  const root = frame(described, width, height);
  const y = (v: number) => 8 + (height - 16) * (1 - (v - low) / (high - low));
  for (const v of [low, high]) {
    root.append(s("line", { x1: 48, x2: width, y1: y(v), y2: y(v), class: "rule" }));
    root.append(s("text", { x: 44, y: y(v) + 3.5, "text-anchor": "end" }, number(v)));
  }
  curves.forEach(({ values }, k) => {
    root.append(s("path", { d: path(values, 50, width - 4, y), class: `curve c${(first + k) % 6}` }));
  });
  return root;
}

// Curves from 0 to 1, without numbers.
export function sketch(curves: Line[], described: string, width = 200, height = 70): SVGElement {
  const root = frame(described, width, height);
  curves.forEach(({ values }, k) => {
    const d = path(values, 3, width - 3, (v) => 3 + (height - 6) * (1 - v));
    root.append(s("path", { d, class: `curve c${k % 6}` }));
  });
  return root;
}

function frame(described: string, width: number, height: number): SVGElement {
  return s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": described, class: "lines" });
}

// A path that is interrupted where a value is missing.
function path(values: (number | null)[], left: number, right: number, y: (v: number) => number): string {
  const step = Math.max(1, Math.ceil(values.length / MOST));
  let [d, open] = ["", false];
  for (let i = 0; i < values.length; i += step) {
    const v = values[i];
    if (v === null || v === undefined) open = false;
    else {
      const x = left + ((right - left) * i) / Math.max(values.length - 1, 1);
      d += `${open ? "L" : "M"}${x.toFixed(1)} ${y(v).toFixed(1)}`;
      open = true;
    }
  }
  return d;
}
