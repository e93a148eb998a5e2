// What is on the bench: the form's settings, the picture to start from, and the run. It outlives the view.

import { fresh, fromQuery, fromSettings, type Making, randomSeed, toAsk } from "./making";
import { PictureRun } from "./picture_run.svelte";
import type { Settings } from "./wire";

const key = "fromnoise-making";

class Bench {
  making = $state<Making>({ ...fresh, seed: randomSeed() });
  init = $state<string | null>(null); // the picture to start from, square, as a data URL
  mask = $state<string | null>(null); // transparent where it is made anew, as a data URL
  note = $state(""); // what a recalled picture could not bring along
  readonly run = new PictureRun();

  /** Take up what the address says, or else what was there last time. */
  open(query: URLSearchParams): void {
    if (query.size > 0) this.making = fromQuery(query);
    else if (!this.making.prompt)
      this.making = fromQuery(new URLSearchParams(localStorage.getItem(key) ?? ""));
    if (query.size === 0 && !this.making.prompt) this.making.seed = randomSeed();
  }

  keep(query: URLSearchParams): void {
    localStorage.setItem(key, query.toString());
  }

  /** Set every setting as a picture tells it. */
  recall(settings: Settings): void {
    this.making = fromSettings(settings);
    const lost = this.making.start === "picture";
    this.note = lost ? "The picture it was started from is not inside the file: choose it below." : "";
    if (Array.isArray(settings.uploaded) && settings.uploaded.includes("mask"))
      this.note += " A mask was used as well.";
    this.init = this.mask = null;
  }

  startFrom(picture: string): void {
    this.init = picture;
    this.mask = null;
    this.note = "";
    this.making.start = "picture";
  }

  make(): Promise<void> {
    this.note = "";
    return this.run.start(toAsk(this.making, this.init, this.mask));
  }

  /** Make four pictures near one that is there, from other noise. */
  vary(picture: string): Promise<void> {
    this.startFrom(picture);
    Object.assign(this.making, { seed: randomSeed(), count: 4, strength: 0.5 });
    return this.make();
  }
}

export const bench = new Bench();
