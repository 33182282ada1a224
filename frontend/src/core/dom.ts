// Elements of the page. Text enters through text nodes alone, so that no name is read as markup.

export type Child = Node | string | number | null | undefined | false;

type Listeners = {
  [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void;
};

export interface Properties {
  class?: string;
  title?: string;
  on?: Listeners;
  [attribute: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value as Listeners)) {
        element.addEventListener(event, listener as EventListener);
      }
    } else if (name === "value" || name === "checked" || name === "disabled") {
      (element as unknown as Record<string, unknown>)[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element: HTMLElement, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function fill(element: HTMLElement, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

export function button(
  label: string,
  act: (event: MouseEvent) => void,
  properties: Properties = {},
): HTMLButtonElement {
  return h("button", { type: "button", ...properties, on: { click: act } }, label);
}

// A name or a text of the data: isolated, so that marks of direction do not reorder the page.
export function data(text: string, properties: Properties = {}): HTMLElement {
  return h("bdi", { class: "data", ...properties }, text);
}

export function choice(
  label: string,
  options: readonly { value: string; label: string }[],
  selected: string,
  change: (value: string) => void,
): HTMLLabelElement {
  const select = h("select", {
    "aria-label": label,
    on: { change: (event) => change((event.target as HTMLSelectElement).value) },
  });
  for (const option of options) select.append(h("option", { value: option.value }, option.label));
  select.value = selected;
  return h("label", { class: "choice" }, h("span", {}, label), select);
}

// A picture from bytes. Its address lives as long as the picture is in the page.
export function picture(bytes: Blob, description: string, properties: Properties = {}): HTMLElement {
  const url = URL.createObjectURL(bytes);
  return h("img", {
    ...properties,
    src: url,
    alt: description,
    on: { load: () => URL.revokeObjectURL(url) },
  });
}

export function download(name: string, bytes: Blob): void {
  const url = URL.createObjectURL(bytes);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
