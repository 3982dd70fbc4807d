import { createHash } from "node:crypto";

/** An endless stream of numbers that depends on a text alone; without the text nobody can predict them. */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: string) {
    const digest = createHash("sha256").update(seed).digest();
    this.a = digest.readInt32LE(0);
    this.b = digest.readInt32LE(4);
    this.c = digest.readInt32LE(8);
    this.d = digest.readInt32LE(12);
  }

  /** 32 random bits (the sfc32 generator). */
  bits(): number {
    const sum = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A number from `min` up to, not including, `max`. */
  between(min: number, max: number): number {
    return min + (this.bits() / 2 ** 32) * (max - min);
  }

  /** `-size` to `size`, never closer to 0 than half of it: a distortion that is always there. */
  swing(size: number): number {
    return (this.bits() & 1 ? 1 : -1) * this.between(size / 2, size);
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor((this.bits() / 2 ** 32) * count);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
