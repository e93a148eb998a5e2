// Noise to look at before a picture is there: the same for the same seed.

/** Fill a canvas with soft coloured Gaussian noise, on the ground colour (three numbers, 0 to 255). */
export function drawNoise(
  canvas: HTMLCanvasElement,
  seed: number,
  ground: readonly number[],
  spread: number,
): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(canvas.width, canvas.height);
  const next = gaussian(seed);
  for (let at = 0; at < image.data.length; at += 4) {
    const light = next() * 0.6;
    for (let channel = 0; channel < 3; channel++) {
      image.data[at + channel] = ground[channel]! + spread * (light + 0.6 * next());
    }
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Box and Muller over mulberry32. */
function gaussian(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
