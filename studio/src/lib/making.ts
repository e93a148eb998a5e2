// Every setting of a picture: from a file, an address or the form, and on to the server.

import type { Ask, Model, Settings } from "./wire";

export type Start = "noise" | "picture" | "two";

export interface Making {
  start: Start;
  prompt: string;
  negative: string;
  style: string | null;
  model: string | null;
  seed: number;
  count: number;
  steps: number | null; // null, here and below: the model's own
  solver: string | null;
  grid: string | null;
  guidance: number | null;
  guidance_start: number | null;
  guidance_rescale: number | null;
  guidance_interval: [number, number] | null;
  eta: number | null;
  temperature: number | null;
  top_k: number | null;
  top_p: number | null;
  best_of: number | null;
  weaker: string | null;
  strength: number; // share of the way to noise that the picture to start from is taken
  keep: string | null; // the half of it that stays
  between: string; // the second prompt
  between_seed: number | null;
}

export const fresh: Making = {
  start: "noise",
  prompt: "",
  negative: "",
  style: null,
  model: null,
  seed: 0,
  count: 1,
  steps: null,
  solver: null,
  grid: null,
  guidance: null,
  guidance_start: null,
  guidance_rescale: null,
  guidance_interval: null,
  eta: null,
  temperature: null,
  top_k: null,
  top_p: null,
  best_of: null,
  weaker: null,
  strength: 0.6,
  keep: null,
  between: "",
  between_seed: null,
};

const figures = Object.keys(fresh).filter((name) => name !== "guidance_interval" && !isText(name));
const chosen = [
  "style",
  "steps",
  "solver",
  "grid",
  "guidance",
  "guidance_start",
  "guidance_rescale",
  "guidance_interval",
  "eta",
  "temperature",
  "top_k",
  "top_p",
  "best_of",
  "weaker",
] as const;
export const mostSeed = 2 ** 31 - 1;

export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000; // short enough to read out
}

/** Take all that a picture's settings say; what they leave out is as in a fresh form. */
export function fromSettings(settings: Settings): Making {
  const read: Record<string, unknown> = { ...fresh };
  for (const name of Object.keys(fresh)) {
    const value = isText(name) ? text(settings[name]) : number(settings[name]);
    if (value !== null && value !== "") read[name] = value;
  }
  read.guidance_interval = pair(settings.guidance_interval);
  read.start = read.between ? "two" : typeof settings.strength === "number" ? "picture" : "noise";
  return read as unknown as Making;
}

/** Word what the form says for the server; `init` and `mask` are pictures as data URLs. */
export function toAsk(making: Making, model: Model, init: string | null, mask: string | null): Ask {
  const two = making.start === "two";
  const ask: Ask = {
    prompt: making.prompt.trim(),
    model: model.id,
    seed: making.seed,
    n: two ? Math.max(2, making.count) : making.count,
    previews: "all",
  };
  const add = (name: string, value: string | number | number[] | null) => {
    if (value !== null && value !== "") ask[name] = value;
  };
  add("negative_prompt", making.negative.trim());
  // What was set for another model stays in the form, and is not asked of this one.
  for (const name of chosen) if (model.takes.includes(name)) add(name, making[name]);
  if (two) {
    add("between", making.between.trim());
    add("between_seed", making.between_seed);
  } else if (making.start === "picture") {
    add("init", init);
    const keep = model.takes.includes("keep") ? making.keep : null;
    if (keep) add("keep", keep);
    else {
      add("strength", making.strength);
      add("mask", mask);
    }
  }
  return ask;
}

/** Write what differs from a fresh form into an address. */
export function toQuery(making: Making): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(making)) {
    if (value !== null && value !== "" && value !== fresh[name as keyof Making])
      query.set(name, String(value));
  }
  return query;
}

export function fromQuery(query: URLSearchParams): Making {
  const settings: Settings = Object.fromEntries(query);
  for (const name of figures) if (query.has(name)) settings[name] = Number(query.get(name));
  const interval = query.get("guidance_interval")?.split(",").map(Number);
  const start = query.get("start");
  const read = fromSettings({ ...settings, guidance_interval: interval });
  return { ...read, start: start === "picture" || start === "two" ? start : "noise" };
}

function isText(name: string): boolean {
  return [
    "prompt",
    "negative",
    "style",
    "model",
    "solver",
    "grid",
    "weaker",
    "keep",
    "between",
    "start",
  ].includes(name);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function pair(value: unknown): [number, number] | null {
  const isPair = Array.isArray(value) && value.length === 2 && value.every((one) => Number.isFinite(one));
  return isPair ? (value as [number, number]) : null;
}
