// The server's history, a page at a time, and the favourites among it.

import { announcer } from "../lib/announce.svelte";
import { getJson, Refusal, remove } from "../lib/server";
import type { HistoryItem, HistoryPage } from "../lib/wire";
import { favourites } from "./favourites.svelte";

export type Kind = "all" | "picture" | "words" | "liked";

class Past {
  items = $state.raw<HistoryItem[]>([]);
  kind = $state<Kind>("all");
  next = $state<string | null>(null);
  state = $state<"loading" | "there" | "failed">("loading");
  trouble = $state("");

  /** Read the newest page, or the one after what is shown. */
  async load(more = false): Promise<void> {
    if (more && this.state === "loading") return;
    const kind = this.kind;
    this.state = "loading";
    try {
      const page = kind === "liked" ? await liked() : await this.#page(kind, more ? this.next : null);
      if (kind !== this.kind) return; // another kind was chosen meanwhile
      this.items = more ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      this.state = "there";
      this.trouble = "";
    } catch (mistake) {
      this.state = "failed";
      this.trouble = (mistake as Error).message;
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await remove(`/api/history/${id}`);
      favourites.forget(id);
      this.items = this.items.filter((item) => item.id !== id);
      announcer.say("Deleted.");
    } catch (mistake) {
      this.trouble = (mistake as Error).message;
    }
  }

  #page(kind: Kind, before: string | null): Promise<HistoryPage> {
    const query = new URLSearchParams({ limit: "48" });
    if (kind !== "all") query.set("kind", kind);
    if (before) query.set("before", before);
    return getJson<HistoryPage>(`/api/history?${query}`);
  }
}

/** Fetch the favourites one by one, and forget those that were deleted elsewhere. */
async function liked(): Promise<HistoryPage> {
  const items: HistoryItem[] = [];
  for (const id of favourites.ids) {
    try {
      items.push(await getJson<HistoryItem>(`/api/history/${encodeURIComponent(id)}`));
    } catch (mistake) {
      if (!(mistake instanceof Refusal && mistake.status === 404)) throw mistake;
      favourites.forget(id);
    }
  }
  return { items, next: null };
}

export const past = new Past();
