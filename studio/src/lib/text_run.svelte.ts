// One request for words: as they are added, or as all of them form.

import { announcer } from "./announce.svelte";
import type { Phase } from "./picture_run.svelte";
import { events } from "./server";
import type { Ask, MadeText, TextEvent } from "./wire";

export class TextRun {
  phase = $state<Phase>("idle");
  text = $state(""); // what there is so far
  frames = $state<string[]>([]); // the whole text after every step, where all words form at once
  steps = $state(0);
  made = $state.raw<MadeText | null>(null);
  seconds = $state(0);
  warnings = $state.raw<string[]>([]);
  trouble = $state("");
  ask = $state.raw<Ask | null>(null);
  #work: AbortController | null = null;

  constructor(readonly name: string) {}

  get busy(): boolean {
    return this.phase === "waiting" || this.phase === "running";
  }

  async start(ask: Ask): Promise<void> {
    this.stop();
    const work = (this.#work = new AbortController());
    Object.assign(this, {
      phase: "waiting",
      text: "",
      frames: [],
      made: null,
      warnings: [],
      trouble: "",
      steps: 0,
      ask,
    });
    try {
      for await (const { data } of events("/api/text/stream", ask, work.signal))
        this.#take(data as TextEvent);
      if (this.#work === work && this.busy) throw new Error("The server ended before the text was finished.");
    } catch (mistake) {
      if (this.#work === work && !work.signal.aborted) {
        this.phase = "failed";
        this.trouble = (mistake as Error).message;
      }
    }
  }

  stop(): void {
    this.#work?.abort();
    this.#work = null;
    if (this.busy) this.phase = "idle";
  }

  #take(event: TextEvent): void {
    if (event.type === "start") this.steps = event.steps ?? 0;
    else if (event.type === "delta") {
      this.phase = "running";
      this.text += event.text;
    } else if (event.type === "step") {
      this.phase = "running";
      this.steps = event.of;
      if (event.texts?.[0] !== undefined) this.frames.push((this.text = event.texts[0]));
    } else if (event.type === "done") {
      const made = event.texts[0] ?? null;
      if (this.frames.length > 0 && made) this.frames[this.frames.length - 1] = made.text;
      Object.assign(this, {
        phase: "done",
        made,
        text: made?.text ?? this.text,
        seconds: event.seconds,
        warnings: event.warnings,
      });
      announcer.say(`${this.name}: ${this.text}`);
    }
  }
}
