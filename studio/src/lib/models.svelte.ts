// The models that the server offers, asked for once.

import { key } from "./key.svelte";
import { getJson, Refusal } from "./server";
import type { Model, Models } from "./wire";

class Offered {
  all = $state.raw<Models | null>(null);
  trouble = $state("");

  async load(): Promise<void> {
    try {
      this.all = await getJson<Models>("/api/models");
      this.trouble = "";
      key.wanted = false;
    } catch (mistake) {
      const locked = mistake instanceof Refusal && mistake.status === 401; // the page asks for the key then
      this.trouble = locked ? "" : (mistake as Error).message;
    }
  }

  making(what: Model["makes"]): Model[] {
    return this.all?.models.filter((model) => model.makes === what) ?? [];
  }

  named(id: string | null | undefined): Model | null {
    return this.all?.models.find((model) => model.id === id) ?? null;
  }

  pictures(id: string | null): Model | null {
    return this.named(id) ?? this.named(this.all?.defaults.pictures) ?? this.making("pictures")[0] ?? null;
  }

  get words(): Model | null {
    return this.named(this.all?.defaults.words);
  }

  get diffusedWords(): Model | null {
    return this.named(this.all?.defaults.diffused_words);
  }
}

export const offered = new Offered();
