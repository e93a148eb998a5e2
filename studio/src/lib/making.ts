// Every setting of a picture: from a file, an address or the form, and on to the server.

import type { PictureAsk, Settings } from "./wire";

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
  guidance_rescale: number | null;
  guidance_interval: [number, number] | null;
  eta: number | null;
  weaker: string | null;
  strength: number; // share of the way to noise that the picture to start from is taken
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
  guidance_rescale: null,
  guidance_interval: null,
  eta: null,
  weaker: null,
  strength: 0.6,
  between: "",
  between_seed: null,
};

const figures = [
  "seed",
  "count",
  "steps",
  "guidance",
  "guidance_rescale",
  "eta",
  "strength",
  "between_seed",
] as const;
export const mostSeed = 2 ** 31 - 1;

export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000; // short enough to read out
}

/** Take all that a picture's settings say; what they leave out is as in a fresh form. */
export function fromSettings(settings: Settings): Making {
  const between = text(settings.between);
  return {
    start: between ? "two" : typeof settings.strength === "number" ? "picture" : "noise",
    prompt: text(settings.prompt),
    negative: text(settings.negative),
    style: text(settings.style) || null,
    model: text(settings.model) || null,
    seed: number(settings.seed) ?? 0,
    count: number(settings.count) ?? 1,
    steps: number(settings.steps),
    solver: text(settings.solver) || null,
    grid: text(settings.grid) || null,
    guidance: number(settings.guidance),
    guidance_rescale: number(settings.guidance_rescale),
    guidance_interval: pair(settings.guidance_interval),
    eta: number(settings.eta),
    weaker: text(settings.weaker) || null,
    strength: number(settings.strength) ?? fresh.strength,
    between,
    between_seed: number(settings.between_seed),
  };
}

/** Word what the form says for the server; `init` and `mask` are pictures as data URLs. */
export function toAsk(making: Making, init: string | null, mask: string | null): PictureAsk {
  const two = making.start === "two";
  const picture = making.start === "picture";
  return {
    prompt: making.prompt.trim(),
    model: making.model,
    negative_prompt: making.negative.trim() || null,
    style: making.style,
    seed: making.seed,
    n: two ? Math.max(2, making.count) : making.count,
    num_inference_steps: making.steps,
    guidance_scale: making.guidance,
    guidance_rescale: making.guidance_rescale,
    guidance_interval: making.guidance_interval,
    weaker: making.weaker,
    solver: making.solver,
    grid: making.grid,
    eta: making.eta,
    between: two ? making.between.trim() : null,
    between_seed: two ? making.between_seed : null,
    init: picture ? init : null,
    strength: making.strength,
    mask: picture ? mask : null,
    previews: "all",
  };
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
