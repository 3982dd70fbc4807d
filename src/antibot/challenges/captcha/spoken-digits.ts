import type * as Clips from "./spoken-digits.generated.js";

/** One voice: a clip for each digit, as samples from -1 to 1. */
export type Voice = readonly Float32Array[];

/** Samples a second. */
export const SAMPLE_RATE = 8000;

const decoded = new Map<string, readonly Voice[]>();

// The 100 KB load with the first captcha, not with the package. `require` is understood by every bundler, too.
function clips(): (typeof Clips)["VOICES"] {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("./spoken-digits.generated.js") as typeof Clips).VOICES;
}

export function spokenLanguages(): string[] {
  return [...new Set(clips().map(({ language }) => language))];
}

export function voicesOf(language: string): readonly Voice[] {
  let voices = decoded.get(language);
  if (voices === undefined) {
    const spoken = clips().filter((voice) => voice.language === language);
    decoded.set(language, (voices = spoken.map(({ clips }) => readClips(Buffer.from(clips, "base64")))));
  }
  return voices;
}

const STEPS = Array.from({ length: 89 }, (_, index) => Math.floor(7 * 1.1 ** index));
const MOVES = [-1, -1, -1, -1, 2, 4, 6, 8];

// IMA ADPCM, four bits a sample.
function readClips(bytes: Buffer): Voice {
  const clips: Float32Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const samples = new Float32Array(bytes.readUInt16BE(at));
    at += 2;
    let [value, index] = [0, 0];
    for (let sample = 0; sample < samples.length; sample++) {
      const pair = bytes[at + (sample >> 1)] as number;
      const code = sample & 1 ? pair >> 4 : pair & 15;
      const size = code & 7;
      const change = ((STEPS[index] as number) * (size + 0.5)) / 4;
      value = Math.max(-32_768, Math.min(32_767, value + (code & 8 ? -change : change)));
      index = Math.max(0, Math.min(88, index + (MOVES[size] as number)));
      samples[sample] = value / 32_768;
    }
    at += (samples.length + 1) >> 1;
    clips.push(samples);
  }
  return clips;
}
