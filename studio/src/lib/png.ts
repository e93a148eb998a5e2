// The settings inside a PNG made by fromnoise: JSON in a tEXt or iTXt chunk called "fromnoise".
// Chunks: https://www.w3.org/TR/png-3/#5Chunk-layout

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** Return the settings that a picture carries; throw an Error worded for people when it carries none. */
export async function readSettings(file: Blob): Promise<Record<string, unknown>> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!signature.every((byte, at) => bytes[at] === byte)) {
    throw new Error("Not a PNG file. Drop a PNG made by fromnoise.");
  }
  const text = textOf(bytes, "fromnoise");
  const settings = text === null ? null : parse(text);
  if (settings === null || typeof settings.prompt !== "string") {
    throw new Error("This PNG carries no fromnoise settings. It can still be a picture to start from.");
  }
  return settings;
}

function textOf(bytes: Uint8Array, keyword: string): string | null {
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === "IEND") return null;
    const text = type === "tEXt" || type === "iTXt" ? said(data, type, keyword) : null;
    if (text !== null) return text;
    at += 12 + length;
  }
  return null;
}

function said(data: Uint8Array, type: string, keyword: string): string | null {
  const end = data.indexOf(0);
  if (end < 0 || new TextDecoder("latin1").decode(data.subarray(0, end)) !== keyword) return null;
  if (type === "tEXt") return new TextDecoder("latin1").decode(data.subarray(end + 1));
  if (data[end + 1] !== 0) return null; // compressed; ours never is
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  return language < 0 || translated < 0 ? null : new TextDecoder().decode(data.subarray(translated + 1));
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
