// Requests to the server. Each has the token; none goes elsewhere.

const token = new URLSearchParams(location.search).get("token") ?? "";
const WAIT = 500; // milliseconds between two questions about work that takes long

export interface Progress {
  task: string;
  done: number;
  remaining_seconds: number | null;
}

export type Tell = (progress: Progress | null) => void;

export class RequestError extends Error {}

export interface Options {
  signal?: AbortSignal;
  tell?: Tell; // called while the server works
}

async function send(path: string, init: RequestInit, options: Options = {}): Promise<Response> {
  const headers = { "X-Token": token, ...(init.headers as Record<string, string> | undefined) };
  const request = { ...init, headers, signal: options.signal ?? null };
  for (let waited = false; ; waited = true) {
    let response: Response;
    try {
      response = await fetch(path, request);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new RequestError("The server does not answer. Is `autoencode explore` still running?");
    }
    if (response.status === 202) {
      options.tell?.((await response.json()) as Progress);
      await new Promise((resolve) => setTimeout(resolve, WAIT));
      continue;
    }
    if (waited) options.tell?.(null);
    if (!response.ok) throw new RequestError(await sentence(response));
    return response;
  }
}

async function sentence(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    if (typeof error === "string") return error;
  } catch {
    // An answer without a sentence
  }
  return `The server answered with status ${response.status}.`;
}

export async function get<T>(path: string, options?: Options): Promise<T> {
  return (await (await send(path, {}, options)).json()) as T;
}

export async function getBytes(path: string, options?: Options): Promise<Response> {
  return send(path, {}, options);
}

function json(body: unknown): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  };
}

export async function post<T>(path: string, body: unknown, options?: Options): Promise<T> {
  return (await (await send(path, json(body), options)).json()) as T;
}

export async function postForBytes(
  path: string,
  body: unknown,
  options?: Options,
): Promise<Response> {
  return send(path, json(body), options);
}

export async function upload<T>(path: string, file: Blob, options?: Options): Promise<T> {
  const init = { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } };
  return (await (await send(path, init, options)).json()) as T;
}

export interface Columns {
  count: number;
  columns: Map<string, Float32Array<ArrayBuffer>>;
}

// Columns of four bytes for all points, one after another.
export async function columns(path: string, options?: Options): Promise<Columns> {
  const response = await send(path, {}, options);
  const bytes = await response.arrayBuffer();
  const names = (response.headers.get("X-Columns") ?? "").split(",").filter(Boolean);
  const count = Number(response.headers.get("X-Count"));
  const entries = names.map((entry, k): [string, Float32Array<ArrayBuffer>] => {
    const colon = entry.lastIndexOf(":");
    const [name, type] = [entry.slice(0, colon), entry.slice(colon + 1)];
    const start = 4 * count * k;
    const values =
      type === "u4"
        ? Float32Array.from(new Uint32Array(bytes, start, count))
        : new Float32Array(bytes, start, count);
    return [name, values];
  });
  return { count, columns: new Map(entries) };
}

// The last of several requests counts: an earlier one is ended when the next begins.
export class Latest {
  private controller: AbortController | null = null;

  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    try {
      const result = await work(controller.signal);
      return controller.signal.aborted ? null : result;
    } catch (error) {
      if (controller.signal.aborted) return null;
      throw error;
    }
  }

  stop(): void {
    this.controller?.abort();
  }
}

// One request at a time; while it runs, only the newest of the next ones is kept.
export class Newest<A, T> {
  private running = false;
  private next: { argument: A } | null = null;

  constructor(
    private readonly work: (argument: A) => Promise<T>,
    private readonly use: (result: T, argument: A) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  async ask(argument: A): Promise<void> {
    this.next = { argument };
    if (this.running) return;
    this.running = true;
    try {
      while (this.next) {
        const { argument } = this.next as { argument: A };
        this.next = null;
        try {
          this.use(await this.work(argument), argument);
        } catch (error) {
          this.fail(error);
        }
      }
    } finally {
      this.running = false;
    }
  }

  drop(): void {
    this.next = null;
  }
}
