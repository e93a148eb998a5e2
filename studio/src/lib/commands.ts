// The same thing without this page: settings as a line for the shell, for fromnoise itself or for curl.

import type { Settings } from "./wire";

export type Kind = "picture" | "words";

const shared = ["style", "seed", "model", "steps", "solver", "temperature", "top_k", "top_p", "guidance"];
const ofPictures = [
  ...shared,
  "negative",
  "guidance_start",
  "guidance_rescale",
  "guidance_interval",
  "grid",
  "eta",
  "weaker",
  "best_of",
  "keep",
  "between",
  "between_seed",
];
const ofWords = [...shared, "max_tokens", "min_p", "repetition_penalty", "block"];

/** `fromnoise image "a red apple" --seed 7 ...`; files that the settings only mention are in capitals. */
export function asCommand(kind: Kind, settings: Settings): string {
  const words = ["fromnoise", kind === "picture" ? "image" : "text"];
  if (settings.prompt) words.push(quoted(settings.prompt));
  for (const [name, value] of said(kind, settings))
    words.push(`--${name.replaceAll("_", "-")} ${quoted(value)}`);
  if (kind === "picture") words.push(...beginning(settings));
  if (settings.template) words.push(`--infill ${quoted(settings.template)}`);
  if (settings.rewrite) words.push(`--rewrite TEXT.txt --strength ${quoted(settings.strength)}`);
  return words.join(" ");
}

/** The same as a request to this server; a key is taken from $FROMNOISE_KEY. */
export function asCurl(kind: Kind, settings: Settings, origin: string, hasKey: boolean): string {
  const key = hasKey ? ` -H "Authorization: Bearer $FROMNOISE_KEY"` : "";
  const body = Object.fromEntries(said(kind, settings));
  if (settings.prompt) body.prompt = settings.prompt;
  if (body.negative) {
    body.negative_prompt = body.negative;
    delete body.negative;
  }
  if (typeof settings.count === "number" && settings.count > 1) body.n = settings.count;
  if (kind === "picture" && typeof settings.strength === "number" && !settings.keep)
    return `curl ${origin}/v1/images/edits${key} ${form(settings, body)}`;
  if (kind === "words") {
    for (const name of ["template", "rewrite"]) if (settings[name]) body[name] = settings[name];
    if (settings.rewrite) body.strength = settings.strength;
  }
  if (settings.keep) Object.assign(body, { init: "PICTURE IN BASE64" });
  const json = `-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  return `curl -N ${origin}${address(kind, settings)}${key} ${json}`;
}

/** OpenAI's addresses where they can say it; else the studio's, which can say everything. */
function address(kind: Kind, settings: Settings): string {
  if (kind === "words")
    return settings.steps || settings.template || settings.rewrite ? "/api/text/stream" : "/v1/completions";
  const own = settings.between || settings.weaker || settings.keep;
  return own ? "/api/images/stream" : "/v1/images/generations";
}

function said(kind: Kind, settings: Settings): [string, unknown][] {
  const names = kind === "picture" ? ofPictures : ofWords;
  return names.flatMap((name): [string, unknown][] => {
    const value = settings[name];
    return value === null || value === undefined || value === "" ? [] : [[name, value]];
  });
}

function beginning(settings: Settings): string[] {
  const many = typeof settings.count === "number" && settings.count > 1 ? [`-n ${settings.count}`] : [];
  if (typeof settings.strength !== "number") return many;
  const masked = Array.isArray(settings.uploaded) && settings.uploaded.includes("mask");
  return [
    ...many,
    "--init PICTURE.png",
    ...(masked ? ["--mask MASK.png"] : []),
    `--strength ${settings.strength}`,
  ];
}

function form(settings: Settings, body: Record<string, unknown>): string {
  const masked = Array.isArray(settings.uploaded) && settings.uploaded.includes("mask");
  const fields = Object.entries({ ...body, strength: settings.strength });
  const files = ["-F image=@PICTURE.png", ...(masked ? ["-F mask=@MASK.png"] : [])];
  return [...files, ...fields.map(([name, value]) => `-F ${quoted(`${name}=${String(value)}`)}`)].join(" ");
}

/** Quote for a POSIX shell, where it is needed. */
function quoted(value: unknown): string {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return /^[\w.,:/=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
