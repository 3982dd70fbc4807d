// A serious attack: a small convolutional network that reads the whole picture without cutting it. It has three layers of
// 3 x 3 filters with pooling and one output per position and class, and is trained with Adam on mini-batches.
import { inkOf } from "./image-clean-up.js";
import { CLASSES, labelled, LENGTH } from "./labelled-images.js";

const SHRINK = 4;
const FILTERS = [12, 24, 32] as const;
const BATCH = 16;
const RATE = 0.002;
const OUTPUTS = LENGTH * CLASSES.length;

/** Shrunk pictures and the classes of their characters. */
export interface Pictures {
  readonly width: number;
  readonly height: number;
  readonly inputs: readonly Float32Array[];
  readonly targets: readonly Uint8Array[];
}

/** `count` labelled images, shrunk to a quarter of their width and height. */
export function picturesOf(set: string, count: number): Pictures {
  const inputs: Float32Array[] = [];
  const targets: Uint8Array[] = [];
  let [columns, rows] = [0, 0];
  for (let index = 0; index < count; index++) {
    const { label, picture } = labelled(set, index);
    const { width, height, ink } = inkOf(picture);
    [columns, rows] = [Math.floor(width / SHRINK), Math.floor(height / SHRINK)];
    const input = new Float32Array(columns * rows);
    for (let y = 0; y < rows * SHRINK; y++)
      for (let x = 0; x < columns * SHRINK; x++) {
        const at = Math.floor(y / SHRINK) * columns + Math.floor(x / SHRINK);
        input[at] = (input[at] as number) + (ink[y * width + x] as number) / (SHRINK * SHRINK);
      }
    inputs.push(input);
    targets.push(Uint8Array.from(Array.from(label), (character) => CLASSES.indexOf(character)));
  }
  return { width: columns, height: rows, inputs, targets };
}

/** Trains on the first `images` of a set for some passes; returns the shares of test pictures and characters that it reads. */
export function convolve(
  train: Pictures,
  test: Pictures,
  images: number,
  passes: number,
): { exact: number; characters: number } {
  const network = new Network(train.width, train.height);
  const steps = passes * images;
  for (let step = 0; step < steps; step++) {
    // A stride that shares no factor with the number of pictures visits each of them, in a mixed order.
    const at = (step * 7919 + Math.floor(step / images)) % images;
    network.learn(train.inputs[at] as Float32Array, train.targets[at] as Uint8Array);
    if (step % BATCH === BATCH - 1) network.update(RATE * (1 - 0.95 * (step / steps)));
  }
  let [exact, right] = [0, 0];
  test.inputs.forEach((input, index) => {
    const read = network.read(input);
    const solved = read.filter((found, at) => found === test.targets[index]?.[at]).length;
    right += solved;
    if (solved === LENGTH) exact++;
  });
  return { exact: exact / test.inputs.length, characters: right / (test.inputs.length * LENGTH) };
}

let seed = 1;
const random = (): number => ((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647) * 2 - 1;

/** Trainable weights with their gradients and Adam's moments. */
class Weights {
  readonly values: Float32Array;
  readonly slope: Float32Array;
  private readonly mean: Float32Array;
  private readonly square: Float32Array;

  constructor(count: number, fanIn: number) {
    this.values = Float32Array.from({ length: count }, () => random() * Math.sqrt(6 / fanIn));
    this.slope = new Float32Array(count);
    this.mean = new Float32Array(count);
    this.square = new Float32Array(count);
  }

  update(rate: number, step: number): void {
    const { values, slope, mean, square } = this;
    const pace = (rate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
    for (let index = 0; index < values.length; index++) {
      const gap = (slope[index] as number) / BATCH;
      const m = (mean[index] = 0.9 * (mean[index] as number) + 0.1 * gap);
      const s = (square[index] = 0.999 * (square[index] as number) + 0.001 * gap * gap);
      values[index] = (values[index] as number) - (pace * m) / (Math.sqrt(s) + 1e-7);
    }
    slope.fill(0);
  }
}

/** A layer: 3 x 3 filters over planes, then the maximum of each 2 x 2 block, with negative values set to zero. */
class Layer {
  readonly weights: Weights;
  readonly output: Float32Array;
  readonly outputSlope: Float32Array;
  readonly columns: number;
  readonly rows: number;
  private readonly sums: Float32Array;
  private readonly sumsSlope: Float32Array;
  private readonly winners: Int32Array;
  private input: Float32Array = new Float32Array();

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly planes: number,
    private readonly filters: number,
  ) {
    this.weights = new Weights(filters * planes * 9, planes * 9);
    this.columns = width >> 1;
    this.rows = height >> 1;
    this.sums = new Float32Array(filters * width * height);
    this.sumsSlope = new Float32Array(this.sums.length);
    this.output = new Float32Array(filters * this.columns * this.rows);
    this.outputSlope = new Float32Array(this.output.length);
    this.winners = new Int32Array(this.output.length);
  }

  forward(input: Float32Array): void {
    this.input = input;
    const { sums, width, height } = this;
    sums.fill(0);
    this.each((weight, from, to, length) => {
      const w = this.weights.values[weight] as number;
      for (let index = 0; index < length; index++)
        sums[to + index] = (sums[to + index] as number) + w * (input[from + index] as number);
    });
    let at = 0;
    for (let filter = 0; filter < this.filters; filter++)
      for (let y = 0; y < this.rows; y++)
        for (let x = 0; x < this.columns; x++, at++) {
          const corner = filter * width * height + 2 * y * width + 2 * x;
          let best = corner;
          for (const other of [corner + 1, corner + width, corner + width + 1])
            if ((sums[other] as number) > (sums[best] as number)) best = other;
          this.winners[at] = best;
          this.output[at] = Math.max(0, sums[best] as number);
        }
  }

  /** Adds to the gradients of the weights, and to `inputSlope` if there is a layer below. */
  backward(inputSlope: Float32Array | undefined): void {
    const { sumsSlope, input, weights } = this;
    sumsSlope.fill(0);
    for (let at = 0; at < this.output.length; at++)
      if ((this.output[at] as number) > 0)
        sumsSlope[this.winners[at] as number] = this.outputSlope[at] as number;
    inputSlope?.fill(0);
    this.each((weight, from, to, length) => {
      const w = weights.values[weight] as number;
      let sum = 0;
      for (let index = 0; index < length; index++) {
        const slope = sumsSlope[to + index] as number;
        if (slope === 0) continue;
        sum += slope * (input[from + index] as number);
        if (inputSlope !== undefined)
          inputSlope[from + index] = (inputSlope[from + index] as number) + w * slope;
      }
      weights.slope[weight] = (weights.slope[weight] as number) + sum;
    });
  }

  /** Calls `row` for every weight and each row that it multiplies, with the row's start in input and sums, and its length. */
  private each(row: (weight: number, from: number, to: number, length: number) => void): void {
    const { width, height, planes, filters } = this;
    let weight = 0;
    for (let filter = 0; filter < filters; filter++)
      for (let plane = 0; plane < planes; plane++)
        for (let dy = -1; dy <= 1; dy++)
          for (let dx = -1; dx <= 1; dx++, weight++) {
            const left = Math.max(0, -dx);
            const length = width - Math.abs(dx);
            for (let y = Math.max(0, -dy); y < height - Math.max(0, dy); y++)
              row(
                weight,
                (plane * height + y + dy) * width + left + dx,
                (filter * height + y) * width + left,
                length,
              );
          }
  }
}

class Network {
  private readonly layers: Layer[] = [];
  private readonly last: Weights;
  private readonly features: number;
  private readonly outputs = new Float32Array(OUTPUTS);
  private updates = 0;

  constructor(width: number, height: number) {
    let [columns, rows, planes] = [width, height, 1];
    for (const filters of FILTERS) {
      const layer = new Layer(columns, rows, planes, filters);
      this.layers.push(layer);
      [columns, rows, planes] = [layer.columns, layer.rows, filters];
    }
    this.features = columns * rows * planes;
    this.last = new Weights(OUTPUTS * this.features, this.features * 3);
  }

  /** Returns the likeliest class at each position. */
  read(input: Float32Array): number[] {
    this.forward(input);
    return Array.from({ length: LENGTH }, (_, position) => {
      const part = this.outputs.subarray(position * CLASSES.length, (position + 1) * CLASSES.length);
      return part.indexOf(part.reduce((most, value) => Math.max(most, value), -1));
    });
  }

  learn(input: Float32Array, target: Uint8Array): void {
    this.forward(input);
    const top = this.layers.at(-1) as Layer;
    top.outputSlope.fill(0);
    for (let output = 0; output < OUTPUTS; output++) {
      const wanted = target[Math.floor(output / CLASSES.length)] === output % CLASSES.length ? 1 : 0;
      const slope = (this.outputs[output] as number) - wanted;
      const start = output * this.features;
      for (let index = 0; index < this.features; index++) {
        this.last.slope[start + index] =
          (this.last.slope[start + index] as number) + slope * (top.output[index] as number);
        top.outputSlope[index] =
          (top.outputSlope[index] as number) + slope * (this.last.values[start + index] as number);
      }
    }
    for (let depth = this.layers.length - 1; depth >= 0; depth--)
      (this.layers[depth] as Layer).backward(this.layers[depth - 1]?.outputSlope);
  }

  update(rate: number): void {
    this.updates++;
    for (const layer of this.layers) layer.weights.update(rate, this.updates);
    this.last.update(rate, this.updates);
  }

  private forward(input: Float32Array): void {
    let below = input;
    for (const layer of this.layers) {
      layer.forward(below);
      below = layer.output;
    }
    const width = CLASSES.length;
    for (let position = 0; position < LENGTH; position++) {
      let total = 0;
      for (let output = position * width; output < (position + 1) * width; output++) {
        let sum = 0;
        const start = output * this.features;
        for (let index = 0; index < this.features; index++)
          sum += (this.last.values[start + index] as number) * (below[index] as number);
        total += this.outputs[output] = Math.exp(Math.min(30, sum));
      }
      for (let output = position * width; output < (position + 1) * width; output++)
        this.outputs[output] = (this.outputs[output] as number) / total;
    }
  }
}
