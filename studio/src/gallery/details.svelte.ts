// The picture or text that is looked at closely: from history, or a file that was dropped in.

import { readSettings } from "../lib/png";
import { dataUrl } from "../lib/squares";
import type { HistoryItem, Settings } from "../lib/wire";

export interface Looked {
  id: string | null; // of history; null for a file
  kind: "picture" | "words";
  title: string;
  from: string; // when it was made, or the name of the file
  picture: string | null; // address
  text: string | null;
  settings: Settings;
  warnings: string[];
}

class DetailsState {
  looked = $state.raw<Looked | null>(null);
  trouble = $state("");

  open(item: HistoryItem): void {
    this.trouble = "";
    this.looked = {
      id: item.id,
      kind: item.kind,
      title: titleOf(item.settings),
      from: new Date(item.created * 1000).toLocaleString(),
      picture: item.url ?? null,
      text: item.text ?? null,
      settings: item.settings,
      warnings: item.warnings,
    };
  }

  async openFile(file: File): Promise<void> {
    try {
      const settings = await readSettings(file);
      this.trouble = "";
      this.looked = {
        id: null,
        kind: "picture",
        title: titleOf(settings),
        from: file.name,
        picture: await dataUrl(file),
        text: null,
        settings,
        warnings: [],
      };
    } catch (mistake) {
      this.looked = null;
      this.trouble = (mistake as Error).message;
    }
  }

  close(): void {
    this.looked = null;
    this.trouble = "";
  }
}

export function titleOf(settings: Settings): string {
  return String(settings.prompt || settings.template || settings.rewrite || "No prompt");
}

export const details = new DetailsState();
