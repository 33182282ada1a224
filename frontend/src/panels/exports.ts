// A selection as a table, as files, or with a label that is typed.

import { post, postForBytes } from "../core/api";
import { packed, type App } from "../core/app";
import { button, download, h } from "../core/dom";
import type { Color } from "../core/types";

const NAMES: Record<string, [title: string, file: string]> = {
  csv: ["Table (CSV)", "selection.csv"],
  files: ["Files (ZIP)", "selection.zip"],
  labels: ["Labels (CSV)", "labels.csv"],
};

export function exportControls(app: App): HTMLElement {
  const selection = () => packed(app.store.state.selection, app.session.count);

  const save = async (format: string) => {
    try {
      const body = { selection: selection(), format };
      const response = await postForBytes("api/export", body, { tell: app.tell });
      download(NAMES[format]?.[1] ?? `selection.${format}`, await response.blob());
    } catch (error) {
      app.fail(error);
    }
  };

  const label = h("input", { type: "text", maxlength: 200, placeholder: "a label" });
  const write = async (text: string | null) => {
    try {
      const color = await post<Color>("api/labels", { selection: selection(), label: text });
      app.colors.renew(color);
      app.store.set({ color: "" });
      app.store.set({ color: color.name });
      app.say(text === null ? "The labels are removed." : `The selection is labeled ${text}.`);
    } catch (error) {
      app.fail(error);
    }
  };
  const form = h("form", {
    class: "line",
    on: {
      submit: (event) => {
        event.preventDefault();
        if (label.value) write(label.value);
      },
    },
  }, h("label", {}, h("span", {}, "label"), label), h("button", { type: "submit" }, "Label"),
    button("Remove labels", () => write(null)));

  const buttons = app.session.exports.selection.map((format) =>
    button(NAMES[format]?.[0] ?? format, () => save(format)));
  return h("section", {}, h("h3", {}, "Label and save"),
    app.session.can.labels ? form : null, h("div", { class: "actions" }, ...buttons));
}
