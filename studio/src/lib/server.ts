// One road to the server: JSON, files and event streams, with its errors worded as it words them.

import { key } from "./key.svelte";

export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | null,
    readonly retryAfter: number | null, // s
  ) {
    super(message);
  }
}

export interface ServerEvent {
  event: string;
  data: unknown;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await reach(path, { signal })).json()) as T;
}

export async function getBlob(path: string): Promise<Blob> {
  return (await reach(path, {})).blob();
}

export async function remove(path: string): Promise<void> {
  await reach(path, { method: "DELETE" });
}

/** Send JSON or a form and give out the events that come back, until "[DONE]" or the end. */
export async function* events(
  path: string,
  body: object | FormData,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const form = body instanceof FormData;
  const answer = await reach(path, {
    method: "POST",
    body: form ? body : JSON.stringify(body),
    headers: form ? {} : { "content-type": "application/json" },
    signal,
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const blocks = (rest + (value ?? "")).split(/\r?\n\r?\n/);
    rest = done ? "" : blocks.pop()!;
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
    if (done) return;
  }
}

function parse(block: string): ServerEvent | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  const text = data.join("\n");
  if (!text || text === "[DONE]") return null;
  const value: unknown = JSON.parse(text);
  const error = (value as { error?: { message?: string; code?: string } } | null)?.error;
  if (error) throw new Refusal(error.message ?? "The server stopped.", 500, error.code ?? null, null);
  return { event, data: value };
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  const kept = key.get();
  if (kept) headers.set("authorization", `Bearer ${kept}`);
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers });
  } catch (mistake) {
    if (mistake instanceof DOMException && mistake.name === "AbortError") throw mistake;
    const message = "The server does not answer. Is `fromnoise serve` still running?";
    throw new Refusal(message, 0, "unreachable", null);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) key.refused();
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<Refusal> {
  const body: unknown = await answer.json().catch(() => null);
  const error = (body as { error?: { message?: string; code?: string } } | null)?.error;
  const wait = answer.headers.get("retry-after");
  const message = error?.message ?? `The server answered ${answer.status} ${answer.statusText}.`;
  return new Refusal(message, answer.status, error?.code ?? null, wait === null ? null : Number(wait));
}
