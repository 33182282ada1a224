// Look-up: a file or a text is encoded, placed, scored, and shown with its neighbors.

import { post, upload } from "../core/api";
import { conditioned, mapQuery, type App, type Panel } from "../core/app";
import { button, data, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Found } from "../core/types";
import { beside, entryTile } from "../show/example";

interface Answer {
  entries: Found[];
  note: string | null;
}

export function lookupPanel(app: App): Panel {
  const { upload: offer } = app.session.can;
  const result = h("div", { class: "lookup-result", "aria-live": "polite" });

  const ask = async (work: (path: string) => Promise<Answer>) => {
    fill(result, h("p", { class: "soft" }, "Encoding …"));
    try {
      const answer = await work(mapQuery(app.store.state.map));
      fill(result, answer.note ? h("p", { class: "soft" }, answer.note) : null,
        ...answer.entries.map((entry) => found(app, entry)));
      const first = answer.entries[0];
      if (first) app.setCode(first.z);
    } catch (error) {
      fill(result, h("p", { class: "warning", role: "alert" }, sentence(error)));
    }
  };

  const take = (file: File) => {
    if (file.size > app.session.limits.upload_bytes) {
      const most = Math.floor(app.session.limits.upload_bytes / 2 ** 20);
      return fill(result, h("p", { class: "warning", role: "alert" },
        `${file.name} is too large: a file may have ${most} MiB.`));
    }
    return ask((query) =>
      upload(`api/lookup?name=${encodeURIComponent(file.name)}&${query}`, file, { tell: app.tell }));
  };
  const input = h("input", {
    type: "file", id: "file", accept: offer.suffixes.join(","), class: "visually-hidden",
    on: {
      change: () => {
        if (input.files?.[0]) take(input.files[0]);
        input.value = "";
      },
    },
  });
  const zone = h("label", { class: "drop", for: "file" },
    h("strong", {}, offer.hint), h("span", { class: "soft" }, `or press to choose: ${offer.suffixes.join(", ")}`));
  dropOn(document.body, zone, (file) => {
    app.store.set({ tab: "lookup" });
    take(file);
  });

  const text = h("textarea", { rows: 4, placeholder: placeholder(app), "aria-label": "text to look up" });
  const paste = h("div", { class: "paste" }, text, button("Look up", () => {
    if (text.value) ask((query) => post(`api/lookup?${query}`, { text: text.value, ...conditioned(app) }, { tell: app.tell }));
  }, { class: "primary" }));

  const element = h("div", { class: "lookup" }, h("h2", {}, "Look up"),
    offer.available ? null : h("p", { class: "empty" }, "This model does not encode new examples here."),
    offer.available && offer.suffixes.length ? h("div", {}, input, zone) : null,
    offer.text ? paste : null, result);
  return { title: "Look up", element };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function placeholder(app: App): string {
  const { kind } = app.session;
  if (kind === "row") return "Paste rows with their header, as CSV";
  return kind === "series" ? "Paste numbers, one line for each step" : "Paste a text";
}

function dropOn(target: HTMLElement, zone: HTMLElement, take: (file: File) => void): void {
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  target.addEventListener("dragleave", () => zone.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}

function found(app: App, entry: Found): HTMLElement {
  const pin = (index: number) => app.pin(index);
  const scores = entry.scores.map(({ title, value, percentile }) =>
    h("tr", {}, h("th", { scope: "row" }, title), h("td", {}, number(value, 4)),
      h("td", {}, percentile === null ? "" : `above ${number(percentile)} % of the data`)));
  return h("section", { class: "found" },
    h("h3", {}, data(entry.name)),
    entry.note ? h("p", { class: "warning" }, entry.note) : null,
    beside(entry.example, entry.reconstruction),
    h("table", { class: "row" }, h("tbody", {}, ...scores)),
    button("Show its place and code", () => {
      app.setCode(entry.z);
      app.store.set({ tab: "decode" });
    }),
    h("h3", {}, "Neighbors in code"),
    h("div", { class: "tiles" }, ...entry.neighbors_code.map((e) => entryTile(e, pin))),
    h("h3", {}, "Neighbors in data"),
    h("div", { class: "tiles" }, ...entry.neighbors_data.map((e) => entryTile(e, pin))));
}
