// Pictures of any shape -> the square in their middle, as the server cuts them.

const ground = "white"; // the models paint on white

/** Read a picture file and cut the largest square from its middle, at most `most` px a side, as a data URL. */
export async function squareOf(file: Blob, most: number): Promise<string> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("This file is no picture that the browser can read. Take a PNG, WebP or JPEG file.");
  }
  const from = Math.min(bitmap.width, bitmap.height);
  const side = Math.min(from, most);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d")!;
  context.fillStyle = ground;
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  const left = (bitmap.width - from) / 2;
  const top = (bitmap.height - from) / 2;
  context.drawImage(bitmap, left, top, from, from, 0, 0, side, side);
  bitmap.close();
  return dataUrl(await canvas.convertToBlob({ type: "image/png" }));
}

export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new Error("This file can't be read."));
    reader.readAsDataURL(blob);
  });
}
