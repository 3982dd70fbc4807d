// @ts-check
// Makes src/antibot/challenges/captcha/spoken-digits.generated.ts with espeak-ng (Debian package espeak-ng). It is needed only
// to change the voices. Each voice speaks 0 to 9. The clips are trimmed, resampled to 8 kHz and stored as 4-bit IMA ADPCM: the
// number of samples in two bytes, then two samples per byte.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const OUTPUT = "src/antibot/challenges/captcha/spoken-digits.generated.ts";
/** The sample rate in Hz; it must equal SAMPLE_RATE of spoken-digits.ts. */
const RATE = 8000;
const VOICES = [
  { language: "en", voice: "en-us", speed: 155 },
  { language: "en", voice: "en-gb+f3", speed: 150 },
  { language: "es", voice: "es", speed: 165 },
  { language: "fr", voice: "fr", speed: 160 },
  { language: "de", voice: "de+f2", speed: 165 },
];
const STEPS = Array.from({ length: 89 }, (_, index) => Math.floor(7 * 1.1 ** index * 1.0));
const MOVES = [-1, -1, -1, -1, 2, 4, 6, 8];

/** @param {string} voice @param {number} speed @param {number} digit */
function spoken(voice, speed, digit) {
  const { stdout, status } = spawnSync("espeak-ng", [
    "-v",
    voice,
    "-s",
    String(speed),
    "--stdout",
    String(digit),
  ]);
  if (status !== 0) throw new Error("espeak-ng failed");
  const rate = stdout.readUInt32LE(24);
  const samples = new Float64Array((stdout.length - 44) >> 1);
  for (let index = 0; index < samples.length; index++) samples[index] = stdout.readInt16LE(44 + index * 2);
  return trimmed(resampled(samples, rate));
}

// The mean over the width of a new sample is a sufficient filter, because the voices have little above 4 kHz.
/** @param {Float64Array} samples @param {number} rate */
function resampled(samples, rate) {
  const ratio = rate / RATE;
  return Float64Array.from({ length: Math.floor(samples.length / ratio) }, (_, index) => {
    const part = samples.subarray(Math.floor(index * ratio), Math.ceil((index + 1) * ratio));
    return part.reduce((sum, sample) => sum + sample, 0) / part.length;
  });
}

/** @param {Float64Array} samples */
function trimmed(samples) {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  const loud = (/** @type {number} */ sample) => Math.abs(sample) > loudest * 0.02;
  const cut = samples.subarray(samples.findIndex(loud), samples.findLastIndex(loud) + 1);
  return cut.map((sample) => (sample / loudest) * 30_000);
}

/** @param {Float64Array} samples */
function adpcm(samples) {
  const bytes = [samples.length >> 8, samples.length & 255];
  let [value, index, low] = [0, 0, 0];
  samples.forEach((sample, at) => {
    const step = STEPS[index] ?? 7;
    const gap = sample - value;
    const size = Math.min(7, Math.floor((Math.abs(gap) * 4) / step));
    const code = size | (gap < 0 ? 8 : 0);
    const change = (step * (size + 0.5)) / 4;
    value = Math.max(-32_768, Math.min(32_767, value + (gap < 0 ? -change : change)));
    index = Math.max(0, Math.min(88, index + (MOVES[size] ?? 0)));
    if (at % 2 === 0) low = code;
    if (at % 2 === 1 || at === samples.length - 1) bytes.push(at % 2 === 0 ? code : low | (code << 4));
  });
  return bytes;
}

const voices = VOICES.map(({ language, voice, speed }) => {
  const bytes = Array.from({ length: 10 }, (_, digit) => adpcm(spoken(voice, speed, digit))).flat();
  console.log(voice, bytes.length, "bytes");
  return { language, clips: Buffer.from(bytes).toString("base64") };
});

writeFileSync(
  OUTPUT,
  `// Made by scripts/make-captcha-clips.mjs: digits spoken by espeak-ng.
/** Voices: the digits 0 to 9 of each, in base64. */
export const VOICES: readonly { readonly language: string; readonly clips: string }[] = [
${voices.map(({ language, clips }) => `  {\n    language: "${language}",\n    clips: "${clips}",\n  },`).join("\n")}
];
`,
);
