// The server's history, a page at a time.

import { announcer } from "../lib/announce.svelte";
import { getJson, remove } from "../lib/server";
import type { HistoryItem, HistoryPage } from "../lib/wire";

export type Kind = "all" | "picture" | "words";

class Past {
  items = $state.raw<HistoryItem[]>([]);
  kind = $state<Kind>("all");
  next = $state<string | null>(null);
  state = $state<"loading" | "there" | "failed">("loading");
  trouble = $state("");

  /** Read the newest page, or the one after what is shown. */
  async load(more = false): Promise<void> {
    const query = new URLSearchParams({ limit: "48" });
    if (this.kind !== "all") query.set("kind", this.kind);
    if (more && this.next) query.set("before", this.next);
    try {
      const page = await getJson<HistoryPage>(`/api/history?${query}`);
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
    await remove(`/api/history/${id}`);
    this.items = this.items.filter((item) => item.id !== id);
    announcer.say("Deleted.");
  }
}

export const past = new Past();
