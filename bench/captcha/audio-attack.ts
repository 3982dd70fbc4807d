// An attack on the sound captcha. It knows our clips, which are public, and searches the noise for them at every speed and
// position: it correlates the loudness of frequency bands over time, then finds the likeliest six digits with pauses.
import { RandomStream } from "../../src/antibot/challenges/captcha/random-stream.js";
import { speakDigits } from "../../src/antibot/challenges/captcha/speak-digits.js";
import { SAMPLE_RATE as RATE, voicesOf } from "../../src/antibot/challenges/captcha/spoken-digits.js";

const DIGITS = 6;
const HOP = RATE / 100;
const WINDOW = 256;
const BANDS = Array.from({ length: 24 }, (_, band) => 200 * (3600 / 200) ** (band / 23));
const PACES = [0.86, 0.9, 0.94, 0.98, 1.02, 1.06, 1.1, 1.14];
/** The shortest and longest pause between two digits, in frames of 10 ms. */
const PAUSE = { from: 28, to: 68 };

interface Template {
  readonly digit: number;
  readonly frames: number;
  readonly shape: Float32Array;
}

/** Returns the share of sounds whose six digits were all read, and the share of digits read. */
export function readSounds(language: string, count: number, set: string): { exact: number; digits: number } {
  const templates = templatesOf(language);
  let [exact, right] = [0, 0];
  for (let index = 0; index < count; index++) {
    const random = new RandomStream(`${set} ${index}`);
    const digits = Array.from({ length: DIGITS }, () => Math.floor(random.between(0, 9.999))).join("");
    const file = speakDigits(digits, `${set} ${index}`, language);
    const track = Float32Array.from(file.subarray(44), (byte) => (byte - 128) / 127);
    const read = readRow(bandsOf(track), templates);
    const solved = Array.from(digits).filter((digit, at) => read[at] === Number(digit)).length;
    right += solved;
    if (solved === DIGITS) exact++;
  }
  return { exact: exact / count, digits: right / (count * DIGITS) };
}

function templatesOf(language: string): Template[] {
  return voicesOf(language).flatMap((voice) =>
    PACES.flatMap((pace) =>
      voice.map((clip, digit) => {
        const track = new Float32Array(Math.floor((clip.length - 1) / pace));
        for (let at = 0; at < track.length; at++) track[at] = (clip[Math.round(at * pace)] as number) * 0.67;
        const bands = bandsOf(track);
        return { digit, frames: bands.length / BANDS.length, shape: unit(bands) };
      }),
    ),
  );
}

/** The loudness of each band every 10 ms, on a logarithmic scale as in human hearing. */
function bandsOf(track: Float32Array): Float32Array {
  const frames = Math.max(1, Math.floor((track.length - WINDOW) / HOP));
  const bands = new Float32Array(frames * BANDS.length);
  for (let frame = 0; frame < frames; frame++)
    BANDS.forEach((frequency, band) => {
      const turn = 2 * Math.cos((2 * Math.PI * frequency) / RATE);
      let [last, before] = [0, 0];
      for (let at = frame * HOP; at < frame * HOP + WINDOW; at++) {
        const next = (track[at] ?? 0) + turn * last - before;
        [before, last] = [last, next];
      }
      const power = last * last + before * before - turn * last * before;
      bands[frame * BANDS.length + band] = Math.log(power + 0.3);
    });
  return bands;
}

function unit(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const size = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0)) || 1;
  return centred.map((value) => value / size);
}

interface Step {
  score: number;
  read: number[];
}

/** The likeliest sequence of digits. Dynamic programming: for each digit count and end frame, it keeps the best way there. */
function readRow(bands: Float32Array, templates: readonly Template[]): number[] {
  const frames = bands.length / BANDS.length;
  const found: { digit: number; ends: number; score: number }[][] = Array.from({ length: frames }, () => []);
  for (const { digit, frames: length, shape } of templates)
    for (let start = 0; start + length < frames; start++) {
      const part = unit(bands.subarray(start * BANDS.length, (start + length) * BANDS.length));
      let score = 0;
      for (let at = 0; at < part.length; at++) score += (part[at] as number) * (shape[at] as number);
      found[start]?.push({ digit, ends: start + length, score });
    }
  let ways: (Step | undefined)[] = Array.from({ length: frames + 1 }, (_, at) =>
    at < 70 ? { score: 0, read: [] } : undefined,
  );
  for (let place = 0; place < DIGITS; place++) {
    const next: (Step | undefined)[] = new Array<Step | undefined>(frames + 1).fill(undefined);
    for (let start = 0; start < frames; start++) {
      const way = place === 0 ? ways[start] : bestOf(ways, start - PAUSE.to, start - PAUSE.from);
      if (way === undefined) continue;
      for (const { digit, ends, score } of found[start] ?? []) {
        const total = way.score + score;
        if (total > (next[ends]?.score ?? -Infinity))
          next[ends] = { score: total, read: [...way.read, digit] };
      }
    }
    ways = next;
  }
  return bestOf(ways, 0, frames)?.read ?? [];
}

function bestOf(ways: readonly (Step | undefined)[], from: number, to: number): Step | undefined {
  let best: Step | undefined;
  for (let at = Math.max(0, from); at <= to; at++) {
    const way = ways[at];
    if (way !== undefined && (best === undefined || way.score > best.score)) best = way;
  }
  return best;
}
