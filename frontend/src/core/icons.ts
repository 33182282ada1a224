// Signs of buttons, drawn on a square of 24 units.

import { h, type Properties } from "./dom";
import { s } from "../show/svg";

const PATHS = {
  pan: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  lasso: "M12 4c5 0 9 2.6 9 6s-4 6-9 6-9-2.6-9-6 4-6 9-6M7 15c-2 1.200-2 3.500 0 4s3 1 2 3",
  box: "M4 4h3M10.500 4h3M17 4h3v3M20 10.500v3M20 17v3h-3M13.500 20h-3M7 20H4v-3M4 13.500v-3M4 7V4",
  pictures: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  all: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  save: "M12 4v11M7 11l5 5 5-5M4 20h16",
  undo: "M8 5L4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  theme: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  help: "M9 9a3 3 0 1 1 4.500 2.600C12.400 12.300 12 13 12 14M12 17.500v.5",
  swap: "M4 8h14M15 5l3 3-3 3M20 16H6M9 13l-3 3 3 3",
} as const;

export function iconButton(
  icon: keyof typeof PATHS, label: string, act: () => void, properties: Properties = {},
): HTMLButtonElement {
  const drawing = s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
    s("path", { d: PATHS[icon] }));
  return h("button", {
    type: "button", "aria-label": label, title: label, ...properties, on: { click: act },
  }, drawing);
}
