// Diagnosis: loss curves, rates, findings, and samples beside real examples.

import { get, post } from "../core/api";
import { conditioned, type App, type Panel } from "../core/app";
import { button, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Entry, Example, Finding, History } from "../core/types";
import { entryTile, tileButton } from "../show/example";
import { lines } from "../show/svg";
import { conditionControls } from "./conditions";

const SAMPLES = 16;

export function diagnosisPanel(app: App): Panel {
  const [curves, findings, samples] = [h("div"), h("div"), h("div")];
  let asked = false;
  let seed = 0;

  const draw = async () => {
    const { reason, available } = app.session.can.sample;
    if (!available) return fill(samples, h("p", { class: "soft" }, reason ?? "This model has no samples."));
    try {
      const body = { n: SAMPLES, seed, ...conditioned(app) };
      const answer = await post<{ samples: Example[]; real: Entry[] }>("api/samples", body, app);
      const made = answer.samples.map((example, k) => tileButton(example, `sample ${k + 1}`, () => {}));
      fill(samples,
        h("h4", {}, "Samples of the model"), h("div", { class: "tiles" }, ...made),
        h("h4", {}, "Real examples"),
        h("div", { class: "tiles" }, ...answer.real.map((entry) => entryTile(entry, (i) => app.pin(i)))));
    } catch (error) {
      fill(samples);
      app.fail(error);
    }
  };

  const open = async () => {
    if (asked) return;
    asked = true;
    draw();
    try {
      fill(curves, historyOf(await get<History>("api/history")));
      fill(findings, h("p", { class: "soft" }, "Looking for problems …"));
      const answer = await get<{ findings: Finding[]; note: string | null }>("api/findings", app);
      fill(findings, ...findingsOf(answer.findings, answer.note));
    } catch (error) {
      asked = false;
      fill(findings);
      app.fail(error);
    }
  };

  app.store.watch((state, changed) => {
    if (changed.has("condition") && asked && state.tab === "diagnosis") draw();
  });
  const more = button("Other samples", () => {
    seed += 1;
    draw();
  });
  const element = h("div", { class: "diagnosis" },
    h("h2", {}, "Diagnosis"),
    h("section", {}, h("h3", {}, "Findings"), findings),
    h("section", {}, h("h3", {}, "Samples beside real examples"),
      conditionControls(app), samples, h("div", { class: "actions" }, more)),
    h("section", {}, h("h3", {}, "Training"), curves),
    h("section", {}, h("h3", {}, ratesTitle(app)), rates(app)));
  return { title: "Diagnosis", element, opened: open };
}

function historyOf({ curves, epochs }: History): HTMLElement {
  if (!epochs.length || !curves.length) {
    return h("p", { class: "soft" }, "The model file has no record of its training.");
  }
  const groups = new Map<string, History["curves"]>(); // of training and validation, one chart
  for (const curve of curves) {
    const quantity = curve.title.split(",")[0]!;
    groups.set(quantity, [...(groups.get(quantity) ?? []), curve]);
  }
  const figures = [...groups.values()].map((group) => {
    const named = group.map(({ title }, k) => h("span", { class: `key c${k}` }, title));
    const described = `${group.map(({ title }) => title).join(" and ")} over ${epochs.length} epochs`;
    return h("figure", {}, lines(group, described), h("figcaption", {}, ...named));
  });
  return h("div", { class: "curves" }, ...figures);
}

function findingsOf(findings: Finding[], note: string | null): HTMLElement[] {
  const cards = findings.map(({ title, sentence, remedy, serious }) =>
    h("article", { class: serious ? "finding serious" : "finding" },
      h("h4", {}, title), h("p", {}, sentence), remedy ? h("p", { class: "soft" }, remedy) : null));
  if (!cards.length) cards.push(h("p", {}, "No problem was found."));
  if (note) cards.push(h("p", { class: "soft" }, note));
  return cards;
}

function ratesTitle(app: App): string {
  const name = app.session.rate_name;
  return `${name[0]?.toUpperCase()}${name.slice(1)} of each unit`;
}

function rates(app: App): HTMLElement {
  const most = Math.max(...app.session.units.map(({ rate }) => rate ?? 0), 1e-9);
  const rows = app.session.units.map(({ unit, rate, dead }) => {
    const bar = h("span", { class: dead ? "bar dead" : "bar" });
    bar.style.width = `${(100 * Math.max(rate ?? 0, 0)) / most}%`;
    return h("li", {}, h("span", {}, `unit ${unit}`), h("span", { class: "track" }, bar),
      h("span", {}, dead ? "dead" : number(rate)));
  });
  return h("ul", { class: "rates" }, ...rows);
}
