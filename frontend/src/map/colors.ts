// Colors of points. The ten colors are Petroff's (2021), which readers with color vision
// deficiency can tell apart; numbers have the colors of viridis.

import type { Color } from "../core/types";

const LEVELS = [
  "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
  "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
];
const VIRIDIS = [
  "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c",
  "#28ae80", "#5ec962", "#addc30", "#fde725",
];
const MISSING: Rgb = [148, 152, 158];
const PLAIN: Rgb = [63, 144, 218];

export type Rgb = [number, number, number];

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const RAMP = Array.from({ length: 256 }, (_, k): Rgb => {
  const t = (k / 255) * (VIRIDIS.length - 1);
  const j = Math.min(Math.floor(t), VIRIDIS.length - 2);
  const [a, b] = [rgb(VIRIDIS[j]!), rgb(VIRIDIS[j + 1]!)];
  return [0, 1, 2].map((c) => Math.round(a[c]! + (b[c]! - a[c]!) * (t - j))) as Rgb;
});

// After ten levels the colors repeat, lighter and darker.
export function levelColor(level: number): Rgb {
  const base = rgb(LEVELS[level % LEVELS.length]!);
  const round = Math.floor(level / LEVELS.length) % 3;
  if (round === 0) return base;
  return base.map((c) => Math.round(round === 1 ? c * 0.62 : c + (255 - c) * 0.5)) as Rgb;
}

export function rampColor(share: number): Rgb {
  return RAMP[Math.min(Math.max(Math.round(share * 255), 0), 255)]!;
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

export interface Painting {
  color: Color | null;
  values: Float32Array | null;
  hidden: ReadonlySet<number>; // numbers of levels
  selected: Uint8Array | null; // one byte for each point; others are faint
}

export function shownIn({ color, values, hidden }: Painting): (i: number) => boolean {
  if (!hidden.size || !values || color?.kind !== "category") return () => true;
  return (i) => !hidden.has(values[i]!);
}

const FAINT = 40; // of 255: the points outside of the selection

export function paint(n: number, painting: Painting): Uint8Array<ArrayBuffer> {
  const { color, values, selected } = painting;
  const shown = shownIn(painting);
  const bytes = new Uint8Array(4 * n);
  const low = color?.low ?? 0;
  const width = (color?.high ?? 1) - low || 1;
  const levels = (color?.levels ?? []).map((_, k) => levelColor(k));
  for (let i = 0; i < n; i++) {
    const value = values ? values[i]! : Number.NaN;
    let ink = values ? MISSING : PLAIN;
    if (value === value) {
      ink = color?.kind === "category" ? (levels[value] ?? MISSING) : rampColor((value - low) / width);
    }
    const at = 4 * i;
    bytes[at] = ink[0];
    bytes[at + 1] = ink[1];
    bytes[at + 2] = ink[2];
    bytes[at + 3] = !shown(i) ? 0 : selected && !selected[i] ? FAINT : 255;
  }
  return bytes;
}
