// Messages that go away, and the progress of work on the server.

import type { Progress } from "../core/api";
import { h } from "../core/dom";
import { seconds } from "../core/format";

const STAY = 6000; // milliseconds

export class Messages {
  readonly element = h("div", { class: "messages" });
  private readonly progress = h("div", { class: "message progress", role: "status", hidden: true });
  private readonly bar = h("progress", { max: 1, "aria-label": "progress" });
  private readonly task = h("span");

  constructor() {
    this.progress.append(this.task, this.bar);
    this.element.append(this.progress);
  }

  say(text: string, kind: "status" | "alert" = "status"): void {
    const message = h("div", { class: `message ${kind}`, role: kind, dir: "auto" }, text);
    const close = h("button", { type: "button", "aria-label": "Close the message", on: { click: () => message.remove() } }, "×");
    message.append(close);
    for (const old of this.element.querySelectorAll(`.message.${kind}`)) old.remove();
    this.element.append(message);
    setTimeout(() => message.remove(), kind === "alert" ? 2 * STAY : STAY);
  }

  fail(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error), "alert");
  }

  tell(progress: Progress | null): void {
    this.progress.hidden = !progress;
    if (!progress) return;
    const { task, done, remaining_seconds: left } = progress;
    this.task.textContent = left === null ? `${task} …` : `${task}, ${seconds(left)} left`;
    this.bar.value = done;
  }
}
