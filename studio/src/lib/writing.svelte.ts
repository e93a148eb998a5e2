// What is asked of the models of words, and both answers. It outlives the view.

import { randomSeed } from "./making";
import { offered } from "./models.svelte";
import { TextRun } from "./text_run.svelte";
import type { Model, Settings, TextAsk } from "./wire";

export interface Asked {
  prompt: string;
  style: string | null;
  seed: number;
  max_tokens: number | null; // null, here and below: the model's own
  temperature: number | null;
  top_p: number | null;
  guidance: number | null;
  steps: number | null;
}

const gap = /_{3,}|__\d+__/; // as many underscores as you like, or __5__ for five tokens
const numbers = ["max_tokens", "temperature", "top_p", "guidance", "steps"] as const;

class Writing {
  asked = $state<Asked>(read({ seed: randomSeed() }));
  readonly inOrder = new TextRun("Word after word");
  readonly atOnce = new TextRun("All at once");

  get busy(): boolean {
    return this.inOrder.busy || this.atOnce.busy;
  }

  recall(settings: Settings): void {
    this.asked = read(settings);
  }

  /** What a text begins with, as far as the first gap. */
  get beginning(): string {
    return this.asked.prompt.split(gap)[0]!;
  }

  get hasGaps(): boolean {
    return gap.test(this.asked.prompt);
  }

  /** Take up what the address says. */
  open(query: URLSearchParams): void {
    if (query.size === 0) return;
    const settings: Settings = Object.fromEntries(query);
    for (const name of [...numbers, "seed"]) if (query.has(name)) settings[name] = Number(query.get(name));
    this.recall(settings);
  }

  toQuery(): URLSearchParams {
    const said = Object.entries(this.asked).filter(([, value]) => value !== null && value !== "");
    return new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  }

  async write(): Promise<void> {
    const [inOrder, atOnce] = [offered.words, offered.diffusedWords];
    await Promise.all([
      inOrder && this.inOrder.start({ ...this.#ask(inOrder), prompt: this.beginning }),
      atOnce &&
        this.atOnce.start(
          this.hasGaps
            ? { ...this.#ask(atOnce), prompt: "", template: this.asked.prompt }
            : this.#ask(atOnce),
        ),
    ]);
  }

  stop(): void {
    this.inOrder.stop();
    this.atOnce.stop();
  }

  #ask({ id: model, styles }: Model): TextAsk {
    const { prompt, style, seed, max_tokens, temperature, top_p, guidance, steps } = this.asked;
    return {
      prompt,
      model,
      seed,
      max_tokens,
      temperature,
      top_p,
      style: style !== null && styles.includes(style) ? style : null,
      guidance_scale: guidance,
      num_inference_steps: steps,
      template: null,
      previews: "all",
    };
  }
}

function read(settings: Settings): Asked {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const figure = (name: string) => (Number.isFinite(settings[name]) ? (settings[name] as number) : null);
  return {
    prompt: text(settings.template) || text(settings.prompt),
    style: text(settings.style) || null,
    seed: figure("seed") ?? 0,
    max_tokens: figure("max_tokens"),
    temperature: figure("temperature"),
    top_p: figure("top_p"),
    guidance: figure("guidance"),
    steps: figure("steps"),
  };
}

export const writing = new Writing();
