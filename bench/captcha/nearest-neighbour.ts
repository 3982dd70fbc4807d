// The classic attack: it cleans the image, cuts it where there is least ink, and finds the most similar known piece for each.
import { inkOf, thresholded, withoutThinLines, type Plane } from "./image-clean-up.js";
import { labelled, LENGTH } from "./labelled-images.js";

const SIDE = 16;
const SIZE = SIDE * SIDE;

/** Pieces of images, `LENGTH` per image, with their labels. */
export interface Pieces {
  readonly count: number;
  readonly features: Float32Array;
  readonly labels: readonly string[];
}

/** The pieces of `count` labelled images. */
export function piecesOf(set: string, count: number): Pieces {
  const features = new Float32Array(count * LENGTH * SIZE);
  const labels: string[] = [];
  for (let index = 0; index < count; index++) {
    const { label, picture } = labelled(set, index);
    const plane = withoutThinLines(thresholded(inkOf(picture)), 1);
    const cuts = cutsOf(plane);
    Array.from(label).forEach((character, position) => {
      const at = (index * LENGTH + position) * SIZE;
      normalise(
        plane,
        cuts[position] as number,
        cuts[position + 1] as number,
        features.subarray(at, at + SIZE),
      );
      labels.push(character);
    });
  }
  return { count, features, labels };
}

/** Returns the shares of texts and characters that are read right with the first `images` training images. */
export function nearestNeighbour(
  train: Pieces,
  test: Pieces,
  images: number,
): { exact: number; characters: number } {
  const known = images * LENGTH;
  let [exact, right] = [0, 0];
  for (let image = 0; image < test.count; image++) {
    let solved = 0;
    for (let position = 0; position < LENGTH; position++) {
      const piece = image * LENGTH + position;
      if (train.labels[nearest(train.features, known, test.features, piece * SIZE)] === test.labels[piece])
        solved++;
    }
    right += solved;
    if (solved === LENGTH) exact++;
  }
  return { exact: exact / test.count, characters: right / (test.count * LENGTH) };
}

function nearest(features: Float32Array, known: number, asked: Float32Array, from: number): number {
  let [best, found] = [Infinity, 0];
  for (let candidate = 0; candidate < known; candidate++) {
    let distance = 0;
    const start = candidate * SIZE;
    for (let index = 0; index < SIZE && distance < best; index += 16)
      for (let inner = index; inner < index + 16; inner++) {
        const gap = (features[start + inner] as number) - (asked[from + inner] as number);
        distance += gap * gap;
      }
    if (distance < best) [best, found] = [distance, candidate];
  }
  return found;
}

/** Positions of the cuts. Each minimizes the ink in its column plus the distance from its place at an even spacing. */
function cutsOf({ width, height, ink }: Plane): number[] {
  const columns = new Float32Array(width);
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; y++) columns[x] = (columns[x] as number) + (ink[y * width + x] as number);
  let [left, right] = [0, width];
  while (left < width - 1 && (columns[left] as number) < 6) left++;
  while (right > left + LENGTH && (columns[right - 1] as number) < 6) right--;
  const cell = (right - left) / LENGTH;
  const cuts = [left];
  for (let cut = 1; cut < LENGTH; cut++) {
    const expected = left + cut * cell;
    let [best, place] = [Infinity, expected];
    for (let x = Math.round(expected - cell * 0.4); x <= expected + cell * 0.4; x++) {
      const cost = (columns[x] ?? 0) + Math.abs(x - expected) * 0.25;
      if (cost < best) [best, place] = [cost, x];
    }
    cuts.push(place);
  }
  return [...cuts, right];
}

/** Writes the ink between two cuts to `into`, its bounding box scaled to a square. */
function normalise({ width, height, ink }: Plane, from: number, to: number, into: Float32Array): void {
  let [top, bottom, left, right] = [height, 0, to, from];
  for (let y = 0; y < height; y++)
    for (let x = Math.floor(from); x < to; x++)
      if ((ink[y * width + x] as number) > 0.5) {
        top = Math.min(top, y);
        bottom = Math.max(bottom, y + 1);
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
      }
  if (bottom <= top || right <= left) return;
  const [cellX, cellY] = [(right - left) / SIDE, (bottom - top) / SIDE];
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      let [sum, count] = [0, 0];
      for (
        let y = Math.floor(top + row * cellY);
        y < Math.max(top + (row + 1) * cellY, top + row * cellY + 1);
        y++
      )
        for (
          let x = Math.floor(left + column * cellX);
          x < Math.max(left + (column + 1) * cellX, left + column * cellX + 1);
          x++
        ) {
          sum += ink[y * width + x] ?? 0;
          count++;
        }
      into[row * SIDE + column] = sum / count;
    }
}
