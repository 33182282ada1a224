// What the server answers. The schemas are at /api/schemas.

export type Example =
  | { kind: "picture"; width: number; height: number; url: string }
  | {
      kind: "sound";
      rate: number;
      seconds: number;
      url: string;
      spectrum: string;
      peaks: [number, number][];
    }
  | { kind: "text"; text: string }
  | { kind: "series"; channels: string[]; values: (number | null)[][] }
  | { kind: "row"; cells: Cell[] };

export interface Cell {
  name: string;
  value: number | string | null;
}

export interface Entry {
  index: number;
  name: string | null;
  label: string | null;
  example: Example;
  z?: number[];
  columns?: Cell[];
  scores?: Record<string, number | null>;
  reconstruction?: Example | null;
  distance?: number;
}

export type Conditions = Record<string, string | number>;

export interface MapChoice {
  map: "units" | "pca" | "umap";
  x?: number;
  y?: number | null;
}

export interface Unit {
  unit: number;
  rate: number | null;
  dead: boolean;
  quantiles: number[];
  mean: number;
  std: number;
  low: number;
  high: number;
}

export interface Color {
  name: string;
  title: string;
  kind: "category" | "number";
  levels?: string[];
  counts?: number[];
  low?: number | null;
  high?: number | null;
  ready: boolean;
}

export interface MapOffer {
  map: MapChoice["map"];
  title: string;
  available: boolean;
  reason: string | null;
  default?: { x: number; y: number | null };
}

export type Condition =
  | { name: string; kind: "category"; levels: string[]; default: string }
  | { name: string; kind: "number"; low: number; high: number; default: number };

export interface Offer {
  available: boolean;
  reason: string | null;
}

export interface Session {
  title: string;
  version: string;
  kind: Example["kind"];
  count: number;
  latent_dim: number;
  units: Unit[];
  probabilities: number[];
  rate_name: string;
  maps: MapOffer[];
  default_map: MapChoice;
  colors: Color[];
  conditions: Condition[];
  can: {
    decode: boolean;
    thumbnails: boolean;
    geodesic: Offer;
    sample: Offer;
    upload: { available: boolean; text: boolean; suffixes: string[]; hint: string };
    labels: boolean;
  };
  large: boolean;
  limits: { upload_bytes: number; atlas: number; steps: number; grid: number };
  exports: { selection: string[]; walk: string[] };
}

export interface Nearest {
  index: number;
  name: string | null;
  label: string | null;
  distance: number;
}

export interface Decoded {
  example: Example;
  z: number[];
  place: [number, number] | null;
  filled: string | null;
  nearest: Nearest | null;
  usual_distance: number | null;
  seen: boolean;
  note: string | null;
  log_prior: number | null;
}

export interface Path {
  length: number;
  codes: number[][];
  path: [number, number][] | null;
  examples: Example[];
}

export interface Walk {
  straight: Path | null;
  geodesic: Path | null;
  reason: string | null;
  unit_of_length: string;
}

export interface Shared {
  text: string;
}

export interface Summary {
  count: number;
  z: number[];
  example: Example;
  typical: Entry[];
  unusual: Entry[];
  shared: Shared[];
}

export interface Comparison {
  vector: number[];
  length: number;
  units: { unit: number; difference: number; effect: number }[];
  a: Example;
  b: Example;
  applied: { strength: number; example: Example }[];
  shared: Shared[];
}

export interface Score {
  name: string;
  title: string;
  value: number | null;
  percentile: number | null;
}

export interface Found {
  name: string;
  example: Example;
  reconstruction: Example | null;
  z: number[];
  place: [number, number] | null;
  scores: Score[];
  nearest: Nearest | null;
  note: string | null;
  neighbors_code: Entry[];
  neighbors_data: Entry[];
}

export interface Grid {
  units: number[];
  ticks: number[][];
  examples: Example[];
}

export interface History {
  epochs: number[];
  curves: { name: string; title: string; values: (number | null)[] }[];
}

export interface Finding {
  title: string;
  sentence: string;
  remedy: string | null;
  serious: boolean;
}
