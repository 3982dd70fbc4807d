import { Coverage } from "./coverage.js";
import { extentOf } from "./glyphs.js";
import { layLine, type Polygon } from "./line-layout.js";
import { encodePng } from "./png.js";
import { RandomStream } from "./random-stream.js";
import { arc, wanderingStroke } from "./strokes.js";

/** The picture's height in pixels. */
export const HEIGHT = 116;

export function widthFor(characters: number): number {
  return 40 + 54 * characters;
}

/** A picture of greys, 0 (black) to 15. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

// Most pictures have the same width, so the buffers are reused.
let canvas: ReturnType<typeof newCanvas> | undefined;

/** Draws an answer as a PNG; the same seed gives the same bytes. */
export function drawCaptcha(answer: string, seed: string): Buffer {
  const { pixels, width, height } = pictureOf(answer, seed);
  return encodePng(pixels, width, height, 4);
}

export function pictureOf(answer: string, seed: string): Picture {
  const characters = Array.from(answer);
  const random = new RandomStream(`${seed}|${answer}`);
  const width = widthFor(characters.length);
  if (canvas?.plane.width !== width) canvas = newCanvas(width);
  const { plane, ink, gaps } = canvas;
  const line = fitted(layLine(characters, random), width, random);
  warp(line, random);
  for (const polygon of line) fill(plane, polygon);
  fill(plane, wanderingStroke(random, width, HEIGHT, random.between(4.6, 5.6)));
  for (let count = characters.length / 6; count > 0; count--)
    fill(plane, arc(random, width, HEIGHT, random.between(4, 5)));
  plane.take(ink);
  fill(plane, wanderingStroke(random, width, HEIGHT, random.between(1.4, 2.2)));
  plane.take(gaps);
  return { width, height: HEIGHT, pixels: shade(ink, gaps, width, random) };
}

function newCanvas(width: number) {
  const size = width * HEIGHT;
  return { plane: new Coverage(width, HEIGHT), ink: new Float32Array(size), gaps: new Float32Array(size) };
}

// As wide as the picture allows: wide letters make the whole line smaller, narrow ones hardly make it larger.
function fitted(line: Polygon[], width: number, random: RandomStream): Polygon[] {
  const { left, right } = extentOf(line);
  const scale = Math.min(1.12, (width - 24) / (right - left));
  const shift = (width - (right - left) * scale) / 2 - left * scale + random.between(-4, 4);
  for (const polygon of line) {
    for (let index = 0; index < polygon.length; index += 2) {
      polygon[index] = (polygon[index] as number) * scale + shift;
      polygon[index + 1] = ((polygon[index + 1] as number) + 14) * Math.min(1, scale) + HEIGHT / 2;
    }
  }
  return line;
}

function warp(line: readonly Polygon[], random: RandomStream): void {
  const [up, upWave, upPhase] = [random.swing(8), random.between(110, 230), random.between(0, 6.3)];
  const [aside, asideWave, asidePhase] = [random.swing(5), random.between(60, 120), random.between(0, 6.3)];
  for (const polygon of line) {
    for (let index = 0; index < polygon.length; index += 2) {
      const [x, y] = [polygon[index] as number, polygon[index + 1] as number];
      polygon[index] = x + aside * Math.sin((y * 6.28) / asideWave + asidePhase);
      polygon[index + 1] = y + up * Math.sin((x * 6.28) / upWave + upPhase);
    }
  }
}

function fill(plane: Coverage, polygon: Polygon): void {
  let fromX = polygon[polygon.length - 2] as number;
  let fromY = polygon[polygon.length - 1] as number;
  for (let index = 0; index < polygon.length; index += 2) {
    const [x, y] = [polygon[index] as number, polygon[index + 1] as number];
    plane.edge(fromX, fromY, x, y);
    [fromX, fromY] = [x, y];
  }
}

// Ink and paper of uneven tone, with grain: no single threshold separates them.
function shade(ink: Float32Array, gaps: Float32Array, width: number, random: RandomStream): Uint8Array {
  const pixels = new Uint8Array(width * HEIGHT);
  const drift = random.between(-0.8, 0.8);
  const margin = Math.ceil(Math.abs(drift) * HEIGHT);
  const paperTone = { middle: 12.4, swing: random.between(0.8, 1.3), wave: random.between(100, 180) };
  const papers = tones(width + 2 * margin, paperTone, random);
  const inkTone = { middle: 3, swing: random.between(0.8, 1.6), wave: random.between(60, 110) };
  const inks = tones(width + 2 * margin, inkTone, random);
  let grain = 0;
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    const start = margin + Math.round(row * drift);
    for (let column = 0; column < width; column++, at++) {
      if ((at & 7) === 0) grain = random.bits();
      const paper = papers[start + column] as number;
      const covered = (ink[at] as number) * (1 - 0.6 * (gaps[at] as number));
      const value = paper + ((inks[start + column] as number) - paper) * covered + (grain & 15) * 0.14;
      grain >>>= 4;
      pixels[at] = value > 15 ? 15 : value;
    }
  }
  return pixels;
}

function tones(
  length: number,
  { middle, swing, wave }: { middle: number; swing: number; wave: number },
  random: RandomStream,
): Float32Array {
  const phase = random.between(0, 6.3);
  return Float32Array.from({ length }, (_, at) => middle + swing * Math.sin((at * 6.28) / wave + phase));
}
