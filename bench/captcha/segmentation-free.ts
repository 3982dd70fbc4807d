// A small neural network that reads the whole image at once, with one output a position: nothing has to be cut.
// Image shrunk to 61 x 20, one hidden layer, trained by plain stochastic gradient descent with momentum.
import { inkOf } from "./image-clean-up.js";
import { CLASSES, labelled, LENGTH } from "./labelled-images.js";

const SHRINK = 6;
const HIDDEN = 160;

/** Shrunk images and the classes of their characters. */
export interface Reduced {
  readonly inputs: readonly Float32Array[];
  readonly targets: readonly Uint8Array[];
}

/** `count` labelled images, shrunk. */
export function reducedSet(set: string, count: number): Reduced {
  const inputs: Float32Array[] = [];
  const targets: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const { label, picture } = labelled(set, index);
    const { width, height, ink } = inkOf(picture);
    const [columns, rows] = [Math.floor(width / SHRINK), Math.floor(height / SHRINK)];
    const input = new Float32Array(columns * rows + 1);
    for (let row = 0; row < rows * SHRINK; row++)
      for (let column = 0; column < columns * SHRINK; column++) {
        const at = Math.floor(row / SHRINK) * columns + Math.floor(column / SHRINK);
        input[at] = (input[at] as number) + (ink[row * width + column] as number) / (SHRINK * SHRINK);
      }
    input[columns * rows] = 1;
    inputs.push(input);
    targets.push(Uint8Array.from(Array.from(label), (character) => CLASSES.indexOf(character)));
  }
  return { inputs, targets };
}

/** Trains on the first `images` of a set for some passes and answers how many of the test images it reads. */
export function trainAndTest(
  train: Reduced,
  test: Reduced,
  images: number,
  passes: number,
): { exact: number; characters: number } {
  const network = new Network(train.inputs[0]?.length ?? 0, LENGTH * CLASSES.length);
  for (let pass = 0; pass < passes; pass++) {
    const rate = 0.02 * (1 - pass / passes) + 0.001;
    // A stride that shares no factor with the count visits every image in a mixed order.
    for (let step = 0, at = pass; step < images; step++, at = (at + 7919) % images)
      network.learn(train.inputs[at] as Float32Array, train.targets[at] as Uint8Array, rate);
  }
  let [exact, right] = [0, 0];
  test.inputs.forEach((input, index) => {
    const read = network.read(input);
    const solved = Array.from(test.targets[index] as Uint8Array).filter(
      (target, at) => read[at] === target,
    ).length;
    right += solved;
    if (solved === LENGTH) exact++;
  });
  return { exact: exact / test.inputs.length, characters: right / (test.inputs.length * LENGTH) };
}

class Network {
  private readonly first: Float32Array;
  private readonly second: Float32Array;
  private readonly hidden = new Float32Array(HIDDEN + 1);
  private readonly outputs: Float32Array;

  constructor(
    private readonly inputs: number,
    outputs: number,
  ) {
    let seed = 1;
    const random = (): number =>
      ((seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) / 2_147_483_647) * 2 - 1;
    this.first = Float32Array.from({ length: HIDDEN * inputs }, () => random() / Math.sqrt(inputs / 3));
    this.second = Float32Array.from(
      { length: outputs * (HIDDEN + 1) },
      () => random() / Math.sqrt(HIDDEN / 3),
    );
    this.outputs = new Float32Array(outputs);
  }

  /** The likeliest class at each position. */
  read(input: Float32Array): number[] {
    this.forward(input);
    const width = CLASSES.length;
    return Array.from({ length: LENGTH }, (_, position) => {
      const part = this.outputs.subarray(position * width, (position + 1) * width);
      return part.indexOf(part.reduce((most, value) => Math.max(most, value), -1));
    });
  }

  learn(input: Float32Array, target: Uint8Array, rate: number): void {
    this.forward(input);
    const { first, second, hidden, outputs, inputs } = this;
    const back = new Float32Array(HIDDEN);
    for (let output = 0; output < outputs.length; output++) {
      const wanted = target[Math.floor(output / CLASSES.length)] === output % CLASSES.length ? 1 : 0;
      const gap = (wanted - (outputs[output] as number)) * rate;
      const start = output * (HIDDEN + 1);
      for (let unit = 0; unit < HIDDEN; unit++) {
        const weight = second[start + unit] as number;
        back[unit] = (back[unit] as number) + gap * weight;
        second[start + unit] = weight + gap * (hidden[unit] as number);
      }
      second[start + HIDDEN] = (second[start + HIDDEN] as number) + gap;
    }
    for (let unit = 0; unit < HIDDEN; unit++) {
      if ((hidden[unit] as number) <= 0) continue;
      const gap = back[unit] as number;
      const start = unit * inputs;
      for (let index = 0; index < inputs; index++)
        first[start + index] = (first[start + index] as number) + gap * (input[index] as number);
    }
  }

  private forward(input: Float32Array): void {
    const { first, second, hidden, outputs, inputs } = this;
    for (let unit = 0; unit < HIDDEN; unit++) {
      let sum = 0;
      const start = unit * inputs;
      for (let index = 0; index < inputs; index++)
        sum += (first[start + index] as number) * (input[index] as number);
      hidden[unit] = Math.max(0, sum);
    }
    hidden[HIDDEN] = 1;
    const width = CLASSES.length;
    for (let position = 0; position < LENGTH; position++) {
      let total = 0;
      for (let output = position * width; output < (position + 1) * width; output++) {
        let sum = 0;
        const start = output * (HIDDEN + 1);
        for (let unit = 0; unit <= HIDDEN; unit++)
          sum += (second[start + unit] as number) * (hidden[unit] as number);
        total += outputs[output] = Math.exp(Math.min(30, sum));
      }
      for (let output = position * width; output < (position + 1) * width; output++)
        outputs[output] = (outputs[output] as number) / total;
    }
  }
}
