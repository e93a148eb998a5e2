// What is on the bench: the form's settings, the picture to start from, and the run. It outlives the view.

import { fresh, fromQuery, fromSettings, type Making, randomSeed, toAsk } from "./making";
import { offered } from "./models.svelte";
import { PictureRun } from "./picture_run.svelte";
import type { Model, Settings } from "./wire";

const key = "fromnoise-making";

class Bench {
  making = $state<Making>({ ...fresh, seed: randomSeed() });
  init = $state<string | null>(null); // the picture to start from, square, as a data URL
  mask = $state<string | null>(null); // transparent where it is made anew, as a data URL
  note = $state(""); // what a recalled picture could not bring along
  readonly run = new PictureRun();

  get model(): Model | null {
    return offered.pictures(this.making.model);
  }

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
    this.init = this.mask = null;
    this.note = [...this.#missing(settings)].join(" ");
  }

  *#missing(settings: Settings): Generator<string> {
    const { model, start } = this.making;
    const here = offered.named(model);
    if (model && offered.all && !here) {
      this.making.model = null;
      yield `The model ${model} is not on this server; ${this.model?.id ?? "none"} stands in for it.`;
    } else if (here?.weights_sha256 && typeof settings.weights_sha256 === "string") {
      if (here.weights_sha256 !== settings.weights_sha256)
        yield `It was made with other weights of ${here.id}, so it will not be quite the same.`;
    }
    if (start === "picture") yield "The picture it was started from is not inside the file: choose it below.";
    if (Array.isArray(settings.uploaded) && settings.uploaded.includes("mask"))
      yield "A mask was used as well.";
  }

  startFrom(picture: string): void {
    this.init = picture;
    this.mask = null;
    this.note = "";
    this.making.start = "picture";
  }

  /** Go from one picture to another, with a model that can. */
  goBetween(from: Settings, to: Settings): void {
    const able = (name: unknown) => offered.named(String(name))?.takes.includes("between");
    this.recall({ ...from, strength: null, between: to.prompt, between_seed: to.seed, count: 6 });
    this.note = "";
    if (able(from.model)) return;
    Object.assign(this.making, {
      model: able(to.model) ? to.model : null,
      steps: null,
      solver: null,
      guidance: null,
    });
    this.note = `${String(from.model)} knows no way between two pictures; ${this.model?.id ?? "another model"} makes both ends anew.`;
  }

  async make(): Promise<void> {
    this.note = "";
    if (this.model) await this.run.start(toAsk(this.making, this.model, this.init, this.mask));
  }

  /** Make four pictures near one that is there, from other noise. */
  vary(picture: string): Promise<void> {
    this.startFrom(picture);
    Object.assign(this.making, { seed: randomSeed(), count: 4, strength: 0.5, keep: null });
    return this.make();
  }
}

export const bench = new Bench();
