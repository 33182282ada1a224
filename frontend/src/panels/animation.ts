// Examples one after another: pictures as an animation, sounds played to their ends.

import { fill } from "../core/dom";
import type { Example } from "../core/types";
import { whole } from "../show/example";
import { play, stop } from "../show/sound";

const FRAME = 140; // milliseconds
const FRAME_TO_READ = 900; // for texts and rows

export class Animation {
  private timer = 0;
  private running: HTMLElement | null = null;

  toggle(examples: Example[], frame: HTMLElement): void {
    const again = this.running === frame;
    this.stop();
    if (again) return;
    this.running = frame;
    this.step(examples, frame, 0);
  }

  stop(): void {
    clearTimeout(this.timer);
    stop();
    if (this.running) fill(this.running);
    this.running = null;
  }

  private step(examples: Example[], frame: HTMLElement, k: number): void {
    const example = examples[k];
    if (this.running !== frame || !example) return this.stop();
    const next = () => this.step(examples, frame, k + 1);
    if (example.kind === "sound") {
      fill(frame, whole(example, `step ${k + 1}`));
      play(example.url, () => this.running === frame && next());
      return;
    }
    fill(frame, whole(example, `step ${k + 1}`));
    const read = example.kind === "text" || example.kind === "row";
    this.timer = window.setTimeout(next, read ? FRAME_TO_READ : FRAME);
  }
}
