import { randomInt } from "node:crypto";

// Random per process, so that an attacker cannot choose keys that collide.
const SEED = randomInt(0x1_0000_0000);

/** A seeded 32-bit hash (FNV-1a, then MurmurHash3's last mix) of the part of a text from `from` up to `to`. */
export function hashOf(text: string, from = 0, to = text.length): number {
  let hash = SEED;
  for (let index = from; index < to; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

/** The hash of three small whole numbers. */
export function hashOfNumbers(a: number, b: number, c: number): number {
  let hash = Math.imul(SEED ^ a, 0x01000193);
  hash = Math.imul(mixed(hash) ^ b, 0x01000193);
  return mixed(Math.imul(mixed(hash) ^ c, 0x01000193));
}

function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
