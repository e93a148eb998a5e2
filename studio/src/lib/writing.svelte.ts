// What is asked of the models of words, and both answers. It outlives the view.

import { randomSeed } from "./making";
import { gap } from "./marks";
import { offered } from "./models.svelte";
import { TextRun } from "./text_run.svelte";
import type { Ask, Model, Settings } from "./wire";

export type Task = "on" | "fill" | "anew";

export interface Asked {
  task: Task;
  prompt: string; // the beginning, the text with gaps, or the text to write anew
  style: string | null;
  seed: number;
  max_tokens: number | null; // null, here and below: the model's own
  temperature: number | null;
  top_p: number | null;
  guidance: number | null;
  steps: number | null;
  solver: string | null;
  block: number | null;
  strength: number; // share of a text that is forgotten
}

const chosen = ["max_tokens", "temperature", "top_p", "guidance", "steps", "solver"] as const;
const figures = [...chosen.filter((name) => name !== "solver"), "seed", "block", "strength"];
const usualStrength = 0.5;

class Writing {
  asked = $state<Asked>(read({ seed: randomSeed() }));
  readonly inOrder = new TextRun("Word after word");
  readonly atOnce = new TextRun("All at once");

  get busy(): boolean {
    return this.inOrder.busy || this.atOnce.busy;
  }

  /** What is to be done: a beginning with a gap in it is a text to fill. */
  get task(): Task {
    return this.asked.task === "on" && gap.test(this.asked.prompt) ? "fill" : this.asked.task;
  }

  recall(settings: Settings): void {
    this.asked = read(settings);
  }

  /** Take up what the address says. */
  open(query: URLSearchParams): void {
    if (query.size === 0) return;
    const settings: Settings = Object.fromEntries(query);
    for (const name of figures) if (query.has(name)) settings[name] = Number(query.get(name));
    this.recall(settings);
  }

  toQuery(): URLSearchParams {
    const usual: Partial<Asked> = { task: "on", strength: usualStrength };
    const said = Object.entries(this.asked).filter(
      ([name, value]) => value !== null && value !== "" && value !== usual[name as keyof Asked],
    );
    return new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  }

  async write(): Promise<void> {
    const [inOrder, atOnce] = [offered.words, offered.diffusedWords];
    await Promise.all([
      inOrder && this.inOrder.start(this.#ask(inOrder, { prompt: this.#beginning() })),
      atOnce && this.atOnce.start(this.#ask(atOnce, this.#whole())),
    ]);
  }

  stop(): void {
    this.inOrder.stop();
    this.atOnce.stop();
  }

  /** What can be written on word after word: the text as far as its first gap, or its first line. */
  #beginning(): string {
    if (this.task === "fill") return this.asked.prompt.split(gap)[0]!;
    return this.task === "anew" ? this.asked.prompt.split("\n")[0]! : this.asked.prompt;
  }

  #whole(): Ask {
    const { prompt, block, strength } = this.asked;
    if (this.task === "fill") return { template: prompt };
    if (this.task === "anew") return { rewrite: prompt, strength };
    return block === null ? { prompt } : { prompt, block };
  }

  #ask(model: Model, what: Ask): Ask {
    const { style, seed } = this.asked;
    const ask: Ask = { ...what, model: model.id, seed, previews: "all" };
    if (style !== null && model.styles.includes(style)) ask.style = style;
    for (const name of chosen) {
      const value = this.asked[name];
      if (value !== null && model.takes.includes(name)) ask[name] = value;
    }
    return ask;
  }
}

function read(settings: Settings): Asked {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const figure = (name: string) => (Number.isFinite(settings[name]) ? (settings[name] as number) : null);
  const told = settings.template ? "fill" : settings.rewrite ? "anew" : settings.task;
  return {
    task: told === "fill" || told === "anew" ? told : "on",
    prompt: text(settings.template) || text(settings.rewrite) || text(settings.prompt),
    style: text(settings.style) || null,
    seed: figure("seed") ?? 0,
    max_tokens: figure("max_tokens"),
    temperature: figure("temperature"),
    top_p: figure("top_p"),
    guidance: figure("guidance"),
    steps: figure("steps"),
    solver: text(settings.solver) || null,
    block: figure("block"),
    strength: figure("strength") ?? usualStrength,
  };
}

export const writing = new Writing();
