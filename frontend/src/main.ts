// The page: asks the server what the session is, and puts the parts together.
import "./style/index.css";

import { get } from "./core/api";
import { fill, h } from "./core/dom";
import { Store, type State } from "./core/state";
import type { Session } from "./core/types";
import { restoreTheme } from "./chrome/header";
import { Messages } from "./chrome/messages";
import { assemble } from "./page";

async function start(): Promise<void> {
  restoreTheme();
  const messages = new Messages();
  const body = document.getElementById("page")!;
  try {
    const tell = (progress: Parameters<Messages["tell"]>[0]) => messages.tell(progress);
    document.body.append(messages.element);
    const session = await get<Session>("api/session", { tell });
    document.title = `${session.title} · autoencode`;
    await assemble(body, session, Store.restored(initialState(session)), messages);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    fill(body, h("main", { class: "failure" }, h("h1", {}, "The explorer did not start"),
      h("p", { role: "alert" }, text),
      h("p", { class: "soft" }, "Open the address that the command line has printed, with its token.")));
  }
}

function initialState(session: Session): State {
  const label = session.colors.find(({ ready }) => ready);
  return {
    map: session.default_map,
    color: label?.name ?? "",
    hidden: [],
    view: null,
    tab: "decode",
    code: null,
    place: null,
    pinned: null,
    selection: [],
    other: [],
    from: null,
    to: null,
    condition: Object.fromEntries(session.conditions.map((c) => [c.name, c.default])),
  };
}

start();
