// Something the server tells, and what went wrong when it didn't.

import { getJson } from "./server";

export class Fetched<T> {
  value = $state.raw<T | null>(null);
  trouble = $state("");

  async load(path: string): Promise<void> {
    try {
      this.value = await getJson<T>(path);
      this.trouble = "";
    } catch (mistake) {
      this.trouble = (mistake as Error).message;
    }
  }
}
