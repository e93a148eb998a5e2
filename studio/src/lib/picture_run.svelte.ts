// One request for pictures: every step as it comes, and what came of it.

import { announcer } from "./announce.svelte";
import { events } from "./server";
import type { Ask, MadePicture, PictureEvent } from "./wire";

export type Phase = "idle" | "waiting" | "running" | "done" | "failed";

export class PictureRun {
  phase = $state<Phase>("idle");
  waiting = $state(0); // requests before this one
  seed = $state<number | null>(null);
  steps = $state(0);
  frames = $state<string[][]>([]); // frames[step][item]: image addresses; the last are the finished pictures
  made = $state.raw<MadePicture[]>([]);
  warnings = $state.raw<string[]>([]);
  seconds = $state(0);
  trouble = $state("");
  ask = $state.raw<Ask | null>(null);
  #work: AbortController | null = null;

  get busy(): boolean {
    return this.phase === "waiting" || this.phase === "running";
  }

  async start(ask: Ask): Promise<void> {
    this.stop();
    const work = (this.#work = new AbortController());
    Object.assign(this, {
      phase: "waiting",
      frames: [],
      made: [],
      warnings: [],
      trouble: "",
      steps: 0,
      waiting: 0,
      ask,
    });
    announcer.say("Making.");
    try {
      for await (const { data } of events("/api/images/stream", ask, work.signal))
        this.#take(data as PictureEvent);
      if (this.#work === work && this.busy)
        throw new Error("The server ended before the picture was finished.");
    } catch (mistake) {
      if (this.#work === work && !work.signal.aborted) this.#fail((mistake as Error).message);
    }
  }

  stop(): void {
    this.#work?.abort();
    this.#work = null;
    if (this.busy) {
      this.phase = "idle";
      announcer.say("Stopped.");
    }
  }

  #take(event: PictureEvent): void {
    if (event.type === "start") {
      this.seed = event.seed;
      this.steps = event.steps ?? 0;
      this.waiting = event.waiting;
    } else if (event.type === "step") {
      this.phase = "running";
      this.steps = event.of;
      if (event.images?.length) this.frames.push(event.images);
      if (event.step === Math.ceil(event.of / 2)) announcer.say(`Step ${event.step} of ${event.of}.`);
    } else if (event.type === "done") {
      this.#finish(event.images, event.warnings, event.seconds);
    }
  }

  #finish(made: MadePicture[], warnings: string[], seconds: number): void {
    const finished = made.map((picture) => `data:image/png;base64,${picture.b64_json}`);
    this.frames = [...this.frames.slice(0, Math.max(0, this.steps - 1)), finished];
    Object.assign(this, { phase: "done", made, warnings, seconds });
    const what = made.length === 1 ? "The picture is" : `${made.length} pictures are`;
    announcer.say(`${what} finished, in ${seconds.toFixed(1)} seconds.`);
  }

  #fail(message: string): void {
    this.phase = "failed";
    this.trouble = message;
  }
}
