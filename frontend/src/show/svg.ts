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
export function lines(curves: Line[], described: string, width = 320, height = 110): SVGElement {
  const all = curves.flatMap(({ values }) => values.filter((v): v is number => v !== null));
  let [low, high] = all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (!(low < high)) [low, high] = [(low || 0) - 1, (low || 0) + 1];
  const root = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": described, class: "lines" });
  const y = (v: number) => 6 + (height - 12) * (1 - (v - low) / (high - low));
  for (const v of [low, high]) {
    root.append(s("line", { x1: 44, x2: width, y1: y(v), y2: y(v), class: "rule" }));
    root.append(s("text", { x: 40, y: y(v) + 3.5, "text-anchor": "end" }, number(v)));
  }
  curves.forEach(({ values }, k) => {
    const step = Math.max(1, Math.ceil(values.length / MOST));
    const x = (i: number) => 46 + ((width - 50) * i) / Math.max(values.length - 1, 1);
    let path = "";
    let open = false;
    for (let i = 0; i < values.length; i += step) {
      const v = values[i];
      if (v === null || v === undefined) open = false;
      else {
        path += `${open ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
        open = true;
      }
    }
    root.append(s("path", { d: path, class: `curve c${k % 6}` }));
  });
  return root;
}
