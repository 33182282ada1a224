// Walks between two examples: a strip, an animation, or sounds one after another.

import { post, postForBytes } from "../core/api";
import { conditioned, type App, type Panel } from "../core/app";
import { button, choice, download, fill, h } from "../core/dom";
import { iconButton } from "../core/icons";
import { number } from "../core/format";
import type { Path, Walk } from "../core/types";
import { tileButton } from "../show/example";
import { Animation } from "./animation";

const STEPS = ["7", "11", "15", "21", "31"];
type Kind = "straight" | "geodesic";

export function walkPanel(app: App): Panel {
  let steps = 11;
  let run = 0;
  const result = h("div", { class: "walk-result", "aria-live": "polite" });
  const animation = new Animation();

  const body = (kinds: Kind[]) => {
    const { from, to, map } = app.store.state;
    return { from, to, steps, kinds, map, ...conditioned(app) };
  };

  const save = async (kind: Kind, format: string) => {
    try {
      const response = await postForBytes("api/walk/export", { ...body([kind]), kind, format }, app);
      download(`walk.${format}`, await response.blob());
    } catch (error) {
      app.fail(error);
    }
  };

  const strip = (kind: Kind, path: Path, unit: string) => {
    const tiles = path.examples.map((example, k) =>
      tileButton(example, `step ${k + 1} of ${path.examples.length}`, () => app.setCode(path.codes[k]!)),
    );
    const formats = app.session.exports.walk.map((format) =>
      button(format.toUpperCase(), () => save(kind, format), { title: `Save the walk as ${format}` }),
    );
    const plays = button("Play", () => animation.toggle(path.examples, frame), { class: "primary" });
    const frame = h("div", { class: "frame" });
    return h(
      "section", { class: "strip-section" },
      h("h3", {}, kind === "straight" ? "Straight line" : "Geodesic"),
      h("p", { class: "soft" }, `Length: ${number(path.length)} (${unit})`),
      h("div", { class: "strip", tabindex: 0, role: "group", "aria-label": `${kind} walk` }, ...tiles),
      h("div", { class: "actions" }, plays, h("span", { class: "soft" }, "Save:"), ...formats),
      frame,
    );
  };

  const mark = (...walks: (Walk | null)[]) => {
    const paths = walks.map((walk, k) => (k ? walk?.geodesic : walk?.straight)?.path);
    app.map.mark({
      walks: paths.flatMap((path, k) => (path ? [{ path, dashed: k === 0 }] : [])),
    });
  };

  // The straight line is there at once; the geodesic takes its time.
  const show = async (current: number) => {
    const straight = await post<Walk>("api/walk", body(["straight"]), app);
    if (current !== run) return;
    const parts = [strip("straight", straight.straight!, straight.unit_of_length)];
    mark(straight);
    const { available, reason } = app.session.can.geodesic;
    if (!available) return fill(result, ...parts, h("p", { class: "soft" }, reason));
    fill(result, ...parts, h("p", { class: "soft" }, "Looking for the geodesic …"));
    const curved = await post<Walk>("api/walk", body(["geodesic"]), app);
    if (current !== run) return;
    const { geodesic } = curved;
    mark(straight, curved);
    result.lastChild?.remove();
    result.append(geodesic ? strip("geodesic", geodesic, curved.unit_of_length)
      : h("p", { class: "soft" }, curved.reason));
  };

  const update = async () => {
    const { from, to, tab } = app.store.state;
    const current = ++run;
    animation.stop();
    mark();
    if (tab !== "walk") return;
    if (from === null || to === null) return fill(result, empty());
    fill(result, h("p", { class: "soft" }, "Walking …"));
    try {
      await show(current);
    } catch (error) {
      if (current === run) fill(result);
      app.fail(error);
    }
  };

  app.store.watch((_, changed) => {
    if (["from", "to", "condition", "map", "tab"].some((key) => changed.has(key as "from"))) update();
  });
  const swap = () => {
    const { from, to } = app.store.state;
    app.store.set({ from: to, to: from });
  };
  const element = h(
    "div", { class: "walk" },
    h("h2", {}, "Walk"),
    h("div", { class: "ends" }, end(app, "from"), iconButton("swap", "Swap the ends", swap), end(app, "to")),
    h("div", { class: "actions" },
      choice("steps", STEPS.map((value) => ({ value, label: value })), "11", (value) => {
        steps = Number(value);
        update();
      })),
    result,
  );
  return { title: "Walk", element, opened: update };
}

function empty(): HTMLElement {
  const text = "A walk leads from one example to another. Press on a point of the map, then on "
    + "“Start here”; press on another one, then on “End here”. Or type two numbers of examples.";
  return h("p", { class: "empty" }, text);
}

function end(app: App, which: "from" | "to"): HTMLElement {
  const last = app.session.count - 1;
  const input = h("input", {
    type: "number", min: 0, max: last, step: 1, placeholder: "number", inputmode: "numeric",
    on: {
      change: () => {
        const index = Math.round(Number(input.value));
        const good = input.value !== "" && index >= 0 && index <= last;
        app.store.set({ [which]: good ? index : null });
        if (input.value !== "" && !good) app.say(`Examples have the numbers 0 to ${last}.`);
      },
    },
  });
  const here = button(which === "from" ? "Start here" : "End here", () => {
    const { pinned } = app.store.state;
    if (pinned === null) app.say("Press on a point of the map first.");
    else app.store.set({ [which]: pinned });
  });
  const sync = () => (input.value = String(app.store.state[which] ?? ""));
  app.store.watch((_, changed) => changed.has(which) && sync());
  sync();
  return h("div", { class: "end" }, h("label", {}, h("span", {}, which), input), here);
}

