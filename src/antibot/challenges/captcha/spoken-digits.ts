import { VOICES } from "./spoken-digits.generated.js";

/** One voice: a clip for each digit, as samples from -1 to 1. */
export type Voice = readonly Float32Array[];

const read = new Map<string, Voice>();

/** The languages that digits are spoken in. */
export const SPOKEN_LANGUAGES: ReadonlySet<string> = new Set(VOICES.map(({ language }) => language));

/** The voices of a language. */
export function voicesOf(language: string): readonly Voice[] {
  return VOICES.filter((voice) => voice.language === language).map(({ clips }) => {
    let voice = read.get(clips);
    if (voice === undefined) read.set(clips, (voice = readClips(Buffer.from(clips, "base64"))));
    return voice;
  });
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
