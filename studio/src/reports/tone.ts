// A verdict's colour.

const tones: Record<string, string> = {
  ready: "good",
  "no difference found": "good",
  "not ready": "bad",
  invalid: "bad",
  "differences found": "bad",
};

export function toneOf(verdict: string): string {
  return tones[verdict] ?? "unsure";
}
