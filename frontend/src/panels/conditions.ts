// Controls for what the model is given beside the code.

import type { App } from "../core/app";
import { choice, data, h } from "../core/dom";
import { number } from "../core/format";
import type { Condition } from "../core/types";

export function conditionControls(app: App): HTMLElement | null {
  if (!app.session.conditions.length) return null;
  const controls = app.session.conditions.map((condition) => control(app, condition));
  return h("fieldset", { class: "conditions" }, h("legend", {}, "Given"), ...controls);
}

function control(app: App, condition: Condition): HTMLElement {
  const set = (value: string | number, gesture = "") => {
    const given = { ...app.store.state.condition, [condition.name]: value };
    app.store.set({ condition: given }, gesture);
  };
  const now = () => app.store.state.condition[condition.name] ?? condition.default;
  if (condition.kind === "category") {
    const options = condition.levels.map((level) => ({ value: level, label: level }));
    const label = choice(condition.name, options, String(now()), (level) => set(level));
    const select = label.querySelector("select")!;
    app.store.watch((_, changed) => changed.has("condition") && (select.value = String(now())));
    return label;
  }
  const value = h("output", {}, number(Number(now())));
  const input = h("input", {
    type: "range", min: condition.low, max: condition.high, step: "any",
    on: { input: () => set(Number(input.value), `given ${condition.name}`) },
  });
  input.value = String(now());
  app.store.watch((_, changed) => {
    if (!changed.has("condition")) return;
    input.value = String(now());
    value.textContent = number(Number(now()));
  });
  return h("label", { class: "slider" }, h("span", {}, data(condition.name)), input, value);
}
