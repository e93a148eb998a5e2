// What the server's own routes take and tell; docs/serving-api.md has the words.

export interface Model {
  id: string;
  kind: string;
  makes: "pictures" | "words" | "features";
  description: string;
  parameters: number;
  size?: number; // px a side
  styles: string[];
  solvers: string[];
  grids?: string[];
  takes: string[]; // what of a request means something to it
  weights_sha256?: string;
  defaults: Partial<
    Record<
      | "steps"
      | "guidance_scale"
      | "guidance_start"
      | "max_tokens"
      | "temperature"
      | "top_p"
      | "top_k"
      | "best_of",
      number | null
    >
  > & {
    solver?: string | null;
    style?: string | null;
    grid?: string | null;
  };
  previews: boolean;
  edits?: boolean;
}

export interface Models {
  models: Model[];
  defaults: { pictures: string | null; words: string | null; diffused_words: string | null };
  limits: { prompt_characters: number; n: number; frames: number; steps: number; max_tokens: number };
  version: string;
}

/** What is asked for, by the names of `ImageRequest` and `TextRequest`, but `n` and `negative_prompt`. */
export type Ask = Record<string, string | number | number[]>;

/** The settings that make a thing again, as `fromnoise image --json` tells them. */
export type Settings = Record<string, unknown>;

export interface MadePicture {
  id: string;
  url: string;
  b64_json: string;
  seed: number;
  settings: Settings;
}

export interface MadeText {
  id: string;
  text: string;
  ending: string;
  tokens: number;
  seed: number;
  settings: Settings;
}

interface Start {
  type: "start";
  seed: number;
  waiting: number;
}

export type PictureEvent =
  | (Start & { steps: number | null; size: number })
  | { type: "step"; step: number; of: number; images?: string[] }
  | { type: "done"; seconds: number; warnings: string[]; images: MadePicture[] };

export type TextEvent =
  | (Start & { steps: number | null })
  | { type: "delta"; item: number; text: string }
  | { type: "step"; step: number; of: number; texts?: string[] }
  | { type: "done"; seconds: number; warnings: string[]; texts: MadeText[]; prompt_tokens: number };

export interface HistoryItem {
  id: string;
  kind: "picture" | "words";
  created: number;
  model: string;
  seconds: number;
  warnings: string[];
  settings: Settings;
  url?: string;
  width?: number;
  height?: number;
  text?: string;
  ending?: string;
}

export interface HistoryPage {
  items: HistoryItem[];
  next: string | null;
}

export interface ReportEntry {
  id: string;
  model: string;
  created: number;
  verdict: string;
  html: string;
  json: string;
}

export interface Monitoring {
  since: number;
  now: number;
  requests: Record<"total" | "done" | "refused" | "cancelled" | "failed" | "turned_away", number>;
  kinds: {
    kind: string;
    model: string;
    total: number;
    p50: number | null;
    p99: number | null;
    items: number;
  }[];
  refusals: { category: string; stage: string; count: number; share: number }[];
  drift: {
    what: string;
    measure: string;
    value: number | null;
    limit: number;
    count: number;
    state: string;
  }[];
  alerts: { time: number; level: string; name: string; message: string }[];
  series: { time: number; total: number; refused: number; failed: number; p50: number | null }[];
  queue: { running: number; waiting: number; room: number };
}
