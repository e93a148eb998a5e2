// What a result is called when it is saved.

import type { Settings } from "./wire";

export function fileName(settings: Settings, ending: string): string {
  const prompt = String(settings.prompt || settings.template || settings.rewrite || "fromnoise")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .slice(0, 40)
    .replace(/^-|-$/g, "");
  const which = settings.frame ?? settings.seed;
  return `${prompt || "fromnoise"}${which === undefined ? "" : `-${String(which)}`}.${ending}`;
}
