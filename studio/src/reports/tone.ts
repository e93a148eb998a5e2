// A verdict's colour.

const tones: Record<string, string> = { ready: "good", "not ready": "bad", invalid: "bad" };

export function toneOf(verdict: string): string {
  return tones[verdict] ?? "unsure";
}
