// Keys of the whole page.

import type { App } from "../core/app";
import { TABS } from "../core/state";
import type { Help } from "./help";
import type { Toolbar } from "./toolbar";

export function listen(app: App, toolbar: Toolbar, help: Help): void {
  window.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).matches?.("input:not([type=range]), textarea, select");
    if ((event.ctrlKey || event.metaKey) && !typing) {
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      return key === "y" || event.shiftKey ? app.store.redo() : app.store.undo();
    }
    if (typing || event.altKey || event.ctrlKey || event.metaKey || help.element.open) return;
    const tab = TABS[Number(event.key) - 1];
    if (tab) app.store.set({ tab });
    else if (event.key === "v") toolbar.use("pan");
    else if (event.key === "l") toolbar.use("lasso");
    else if (event.key === "b") toolbar.use("box");
    else if (event.key === "t") toolbar.togglePictures();
    else if (event.key === "?") help.open();
    else if (event.key === "Escape") app.store.set({ selection: [] });
    else if (event.key === "/") {
      event.preventDefault();
      app.store.set({ tab: "select" });
      document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
    }
  });
}
