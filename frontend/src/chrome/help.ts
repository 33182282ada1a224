// The tour for those who come for the first time, and the list of keys.

import { button, fill, h } from "../core/dom";
import { recall, remember } from "./header";

const SEEN = "autoencode-tour";

const STEPS: [title: string, text: string][] = [
  ["The map", "Each point is one example, placed by its code: examples that the model finds alike are "
    + "close. Drag to move, turn the wheel to zoom. Zoomed in, points become pictures."],
  ["Every place decodes", "Point between the examples: the model shows what belongs there, and says when "
    + "no example was ever seen near. Press to keep a place or an example."],
  ["Sliders and walks", "In Decode, one slider moves one number of the code. In Walk, go from one example "
    + "to another, in a straight line and along the data."],
  ["Selections", "Draw around points with the lasso (L) or the box (B). A selection shows what its examples "
    + "share. Keep it, select others, and compare both. Save or label what you found."],
  ["Your own data, and trust", "Drop a file anywhere to look it up. Diagnosis says what is wrong with the model. "
    + "The address keeps what you see; Ctrl+Z takes a step back. Nothing leaves this machine."],
];

const KEYS: [keys: string, meaning: string][] = [
  ["arrows", "move the cross on the map; with Shift, move the map"],
  ["Enter", "keep the place or the example under the cross"],
  ["Space", "select the nearest example, or take it out"],
  ["+  −  0", "zoom in, zoom out, show all"],
  ["V  L  B", "move, lasso, box (Shift adds, Alt subtracts)"],
  ["T", "pictures or dots"],
  ["1 to 5", "the tabs of the panel"],
  ["/", "find examples by a word"],
  ["Ctrl+Z  Ctrl+Shift+Z", "undo, redo"],
  ["Escape", "clear the selection, or close this"],
  ["?", "this help"],
];

export class Help {
  readonly element = h("dialog", { class: "help", "aria-labelledby": "help-title" });
  private step = 0;

  constructor() {
    this.element.addEventListener("close", () => remember(SEEN, "yes"));
  }

  openFirstTime(): void {
    if (recall(SEEN) === null) this.tour();
  }

  open(): void {
    const rows = KEYS.map(([keys, meaning]) =>
      h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, meaning)));
    fill(this.element, h("h2", { id: "help-title" }, "Keys"),
      h("table", { class: "keys" }, h("tbody", {}, ...rows)),
      h("div", { class: "actions" }, button("Take the tour", () => this.tour()),
        button("Close", () => this.element.close(), { class: "primary" })));
    this.present();
  }

  tour(): void {
    this.step = 0;
    this.showStep();
    this.present();
  }

  private present(): void {
    if (!this.element.open) this.element.showModal();
  }

  private showStep(): void {
    const [title, text] = STEPS[this.step]!;
    const last = this.step === STEPS.length - 1;
    const move = (by: number) => {
      this.step += by;
      this.showStep();
    };
    const next = button(last ? "Start" : "Next", () => (last ? this.element.close() : move(1)), { class: "primary", autofocus: true });
    fill(this.element, h("p", { class: "soft" }, `${this.step + 1} of ${STEPS.length}`),
      h("h2", { id: "help-title" }, title), h("p", {}, text),
      h("div", { class: "actions" },
        button("Skip", () => this.element.close()),
        this.step ? button("Back", () => move(-1)) : null, next));
    next.focus();
  }
}
