// The panel beside the map: one of five parts at a time.

import { h } from "../core/dom";
import { TABS, type Store, type Tab } from "../core/state";
import type { Panel } from "../core/app";

export function tabs(store: Store, panels: Record<Tab, Panel>): HTMLElement {
  const buttons = TABS.map((tab) =>
    h("button", {
      type: "button", role: "tab", id: `tab-${tab}`, "aria-controls": `panel-${tab}`,
      on: {
        click: () => store.set({ tab }),
        keydown: (event) => {
          const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
          if (!by) return;
          const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]!;
          store.set({ tab: next });
          document.getElementById(`tab-${next}`)?.focus();
        },
      },
    }, panels[tab].title));
  const bodies = TABS.map((tab) =>
    h("div", { role: "tabpanel", id: `panel-${tab}`, "aria-labelledby": `tab-${tab}`, tabindex: 0 }, panels[tab].element));
  const show = () => {
    TABS.forEach((tab, k) => {
      const open = tab === store.state.tab;
      buttons[k]!.setAttribute("aria-selected", String(open));
      buttons[k]!.tabIndex = open ? 0 : -1;
      bodies[k]!.hidden = !open;
    });
    panels[store.state.tab].opened?.();
  };
  store.watch((_, changed) => changed.has("tab") && show());
  show();
  return h("aside", { class: "panel", "aria-label": "panel" },
    h("div", { role: "tablist", class: "tablist", "aria-label": "parts" }, ...buttons), ...bodies);
}
