// An image of the density, for data of which only a part is drawn as points.

import { getBytes } from "../core/api";
import { h } from "../core/dom";
import type { App } from "../core/app";
import { rampColor } from "./colors";
import type { View } from "./camera";

const SIDE = 512;

export type Window = [left: number, right: number, bottom: number, top: number];

export class Density {
  constructor(private readonly app: App) {}

  // The part of the plane to ask for, or null before the first points have come.
  view(view: View | null): Window | null {
    const { camera, grid } = this.app.map;
    if (!view || !grid.x.length) return null;
    const { left, right, bottom, top } = camera.box();
    return [left, right, bottom, top];
  }

  async draw(query: string, view: Window): Promise<void> {
    const path = `api/density?${query}&view=${view.join(",")}&width=${SIDE}&height=${SIDE}`;
    const response = await getBytes(path);
    const counts = new Float32Array(await response.arrayBuffer());
    const highest = Number(response.headers.get("X-Highest")) || 1;
    const canvas = h("canvas", { width: SIDE, height: SIDE });
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(SIDE, SIDE);
    for (let i = 0; i < counts.length; i++) {
      const share = Math.log1p(counts[i]!) / Math.log1p(highest);
      image.data.set([...rampColor(share), share > 0 ? 60 + 140 * share : 0], 4 * i);
    }
    context.putImageData(image, 0, 0);
    this.app.map.overlay.density = { image: canvas, box: view };
    this.app.map.render();
  }
}
