import { RandomStream } from "./random-stream.js";
import { SAMPLE_RATE, voicesOf, type Voice } from "./spoken-digits.js";

/** Speaks digits amid noise, as a WAV (8 kHz, 8 bits, mono); the same seed gives the same bytes. */
export function speakDigits(digits: string, seed: string, language: string): Buffer {
  const random = new RandomStream(`${seed}|${digits}`);
  const voices = voicesOf(language);
  const voice = random.pick(voices);
  const pieces = Array.from(digits).map((digit) => ({
    clip: paced(voice[Number(digit)] as Float32Array, random.between(0.86, 1.16)),
    gap: random.between(0.3, 0.65) * SAMPLE_RATE,
    loudness: random.between(0.55, 0.8),
  }));
  const lead = 0.5 * SAMPLE_RATE;
  const length = Math.ceil(pieces.reduce((sum, { clip, gap }) => sum + clip.length + gap, lead + lead));
  const track = new Float32Array(length);
  addNoise(track, random);
  addBabble(track, voices, random);
  let at = lead;
  for (const { clip, gap, loudness } of pieces) {
    mix(track, clip, Math.floor(at), loudness);
    at += clip.length + gap;
  }
  return wav(track);
}

// Pitch follows pace, as on a tape.
function paced(clip: Float32Array, pace: number): Float32Array {
  const paced = new Float32Array(Math.floor((clip.length - 1) / pace));
  for (let index = 0; index < paced.length; index++) {
    const place = index * pace;
    const before = Math.floor(place);
    const from = clip[before] as number;
    paced[index] = from + ((clip[before + 1] ?? 0) - from) * (place - before);
  }
  return paced;
}

// Rushing and rumbling, swelling and fading.
function addNoise(track: Float32Array, random: RandomStream): void {
  const swell = random.between(0.5, 1.2) * SAMPLE_RATE;
  const phase = random.between(0, 6.3);
  let rumble = 0;
  for (let index = 0; index < track.length; index++) {
    const rush = random.between(-1, 1);
    rumble = rumble * 0.96 + rush * 0.12;
    const level = 0.6 + 0.4 * Math.sin((index * 6.28) / swell + phase);
    track[index] = (rush * 0.05 + rumble * 0.16) * level;
  }
}

// Digits spoken backwards, quietly, all the time, so that no silence shows where a real one begins.
function addBabble(track: Float32Array, voices: readonly Voice[], random: RandomStream): void {
  for (let at = 0; at < track.length; at += random.between(0.15, 0.4) * SAMPLE_RATE) {
    const clip = paced(random.pick(random.pick(voices)), random.between(0.7, 1.4)).reverse();
    mix(track, clip, Math.floor(at), random.between(0.1, 0.17));
  }
}

function mix(track: Float32Array, clip: Float32Array, start: number, loudness: number): void {
  const end = Math.min(clip.length, track.length - start);
  for (let index = 0; index < end; index++)
    track[start + index] = (track[start + index] as number) + (clip[index] as number) * loudness;
}

function wav(track: Float32Array): Buffer {
  const file = Buffer.alloc(44 + track.length);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + track.length, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(track.length, 40);
  track.forEach((sample, index) => {
    file[44 + index] = Math.round(128 + 127 * Math.max(-1, Math.min(1, sample)));
  });
  return file;
}
