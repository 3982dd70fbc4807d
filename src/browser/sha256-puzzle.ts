/**
 * Looks for the nonce that solves one puzzle of a challenge: word0(SHA-256(seed ‖ u32be(index) ‖ u32be(nonce))) < target.
 *
 * @param seed The challenge's seed as eight big-endian 32-bit words.
 * @param index Number of the puzzle, 0 for the first.
 * @param from First nonce to try, 0 … 2^32 − 1.
 * @param count How many to try; `from + count` is at most 2^32.
 * @param target 1 … 2^32 − 1; a nonce solves the puzzle with a probability of `target / 2^32`.
 * @returns the first nonce that solves it, or −1 when none of them does.
 */
export type Search = (seed: Int32Array, index: number, from: number, count: number, target: number) => number;

type Octet = [number, number, number, number, number, number, number, number];

/**
 * Makes a {@link Search}. The function's text runs in workers too, so it stands alone: it may use nothing from outside.
 *
 * What makes it quick: the 40-byte message is a single block; rounds 0 to 9 are done once per call; the rest keeps its state and the sixteen words of the message schedule in local variables, which engines
 * hold in registers, and is unrolled so that the state rotates by name instead of being moved.
 */
export function createSearch(): Search {
  // The constants of SHA-256: 32 bits of the fractions of the primes' cube and square roots.
  const K = new Int32Array(64);
  const H = new Int32Array(8);
  for (let prime = 2, found = 0; found < 64; prime++) {
    let divisor = 2;
    while (prime % divisor) divisor++;
    if (divisor < prime) continue;
    if (found < 8) H[found] = (Math.sqrt(prime) % 1) * 4294967296;
    K[found++] = (Math.cbrt(prime) % 1) * 4294967296;
  }

  return (seed, index, from, count, target) => {
    // All words come from typed arrays: from a plain array engines would take them for floating-point numbers.
    const words = new Int32Array(10);
    words.set(seed);
    words[8] = index;
    // Rounds 0 to 9 with a nonce of 0. Each nonce starts from this state with itself added to the words 0 and 4.
    const state = H.slice();
    for (let i = 0; i < 10; i++) {
      const [a, b, c, , e, f, g, h] = state as unknown as Octet;
      const sigma1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const sigma0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t = h + sigma1 + (g ^ (e & (f ^ g))) + (K[i] as number) + (words[i] as number);
      state.copyWithin(1, 0, 7);
      state[4] = (state[4] as number) + t;
      state[0] = t + sigma0 + ((a & b) ^ (c & (a ^ b)));
    }

    const H0 = H[0] as number;
    let r: number;
    for (const end = from + count; from < end; from++) {
      const nonce = from | 0;
      let w0 = words[0] as number;
      let w1 = words[1] as number;
      let w2 = words[2] as number;
      let w3 = words[3] as number;
      let w4 = words[4] as number;
      let w5 = words[5] as number;
      let w6 = words[6] as number;
      let w7 = words[7] as number;
      let w8 = words[8];
      let w9 = nonce;
      // The bit that ends the message and, in w15, the message's length in bits.
      let w10 = -0x80000000;
      let w11 = 0;
      let w12 = 0;
      let w13 = 0;
      let w14 = 0;
      let w15 = 320;
      let g = ((state[0] as number) + nonce) | 0;
      let h = state[1] as number;
      let a = state[2] as number;
      let b = state[3] as number;
      let c = ((state[4] as number) + nonce) | 0;
      let d = state[5] as number;
      let e = state[6] as number;
      let f = state[7] as number;

      // Round 10
      r = ((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7));
      f = (f + r + (e ^ (c & (d ^ e))) + (K[10] as number) + w10) | 0;
      b = (b + f) | 0;
      r = ((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10));
      f = (f + r + ((g & h) ^ (a & (g ^ h)))) | 0;

      // Round 11
      r = ((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7));
      e = (e + r + (d ^ (b & (c ^ d))) + (K[11] as number)) | 0;
      a = (a + e) | 0;
      r = ((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10));
      e = (e + r + ((f & g) ^ (h & (f ^ g)))) | 0;

      // Round 12
      r = ((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21)) ^ ((a >>> 25) | (a << 7));
      d = (d + r + (c ^ (a & (b ^ c))) + (K[12] as number)) | 0;
      h = (h + d) | 0;
      r = ((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19)) ^ ((e >>> 22) | (e << 10));
      d = (d + r + ((e & f) ^ (g & (e ^ f)))) | 0;

      // Round 13
      r = ((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21)) ^ ((h >>> 25) | (h << 7));
      c = (c + r + (b ^ (h & (a ^ b))) + (K[13] as number)) | 0;
      g = (g + c) | 0;
      r = ((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19)) ^ ((d >>> 22) | (d << 10));
      c = (c + r + ((d & e) ^ (f & (d ^ e)))) | 0;

      // Round 14
      r = ((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21)) ^ ((g >>> 25) | (g << 7));
      b = (b + r + (a ^ (g & (h ^ a))) + (K[14] as number)) | 0;
      f = (f + b) | 0;
      r = ((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19)) ^ ((c >>> 22) | (c << 10));
      b = (b + r + ((c & d) ^ (e & (c ^ d)))) | 0;

      // Round 15
      r = ((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7));
      a = (a + r + (h ^ (f & (g ^ h))) + (K[15] as number) + w15) | 0;
      e = (e + a) | 0;
      r = ((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10));
      a = (a + r + ((b & c) ^ (d & (b ^ c)))) | 0;

      for (let i = 16; i < 64; i += 16) {
        r = ((w1 >>> 7) | (w1 << 25)) ^ ((w1 >>> 18) | (w1 << 14)) ^ (w1 >>> 3);
        w0 = (w0 + w9 + r + (((w14 >>> 17) | (w14 << 15)) ^ ((w14 >>> 19) | (w14 << 13)) ^ (w14 >>> 10))) | 0;
        r = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        h = (h + r + (g ^ (e & (f ^ g))) + (K[i] as number) + w0) | 0;
        d = (d + h) | 0;
        r = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        h = (h + r + ((a & b) ^ (c & (a ^ b)))) | 0;

        r = ((w2 >>> 7) | (w2 << 25)) ^ ((w2 >>> 18) | (w2 << 14)) ^ (w2 >>> 3);
        w1 =
          (w1 + w10 + r + (((w15 >>> 17) | (w15 << 15)) ^ ((w15 >>> 19) | (w15 << 13)) ^ (w15 >>> 10))) | 0;
        r = ((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21)) ^ ((d >>> 25) | (d << 7));
        g = (g + r + (f ^ (d & (e ^ f))) + (K[i + 1] as number) + w1) | 0;
        c = (c + g) | 0;
        r = ((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19)) ^ ((h >>> 22) | (h << 10));
        g = (g + r + ((h & a) ^ (b & (h ^ a)))) | 0;

        r = ((w3 >>> 7) | (w3 << 25)) ^ ((w3 >>> 18) | (w3 << 14)) ^ (w3 >>> 3);
        w2 = (w2 + w11 + r + (((w0 >>> 17) | (w0 << 15)) ^ ((w0 >>> 19) | (w0 << 13)) ^ (w0 >>> 10))) | 0;
        r = ((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7));
        f = (f + r + (e ^ (c & (d ^ e))) + (K[i + 2] as number) + w2) | 0;
        b = (b + f) | 0;
        r = ((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10));
        f = (f + r + ((g & h) ^ (a & (g ^ h)))) | 0;

        r = ((w4 >>> 7) | (w4 << 25)) ^ ((w4 >>> 18) | (w4 << 14)) ^ (w4 >>> 3);
        w3 = (w3 + w12 + r + (((w1 >>> 17) | (w1 << 15)) ^ ((w1 >>> 19) | (w1 << 13)) ^ (w1 >>> 10))) | 0;
        r = ((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7));
        e = (e + r + (d ^ (b & (c ^ d))) + (K[i + 3] as number) + w3) | 0;
        a = (a + e) | 0;
        r = ((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10));
        e = (e + r + ((f & g) ^ (h & (f ^ g)))) | 0;

        r = ((w5 >>> 7) | (w5 << 25)) ^ ((w5 >>> 18) | (w5 << 14)) ^ (w5 >>> 3);
        w4 = (w4 + w13 + r + (((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10))) | 0;
        r = ((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21)) ^ ((a >>> 25) | (a << 7));
        d = (d + r + (c ^ (a & (b ^ c))) + (K[i + 4] as number) + w4) | 0;
        h = (h + d) | 0;
        r = ((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19)) ^ ((e >>> 22) | (e << 10));
        d = (d + r + ((e & f) ^ (g & (e ^ f)))) | 0;

        r = ((w6 >>> 7) | (w6 << 25)) ^ ((w6 >>> 18) | (w6 << 14)) ^ (w6 >>> 3);
        w5 = (w5 + w14 + r + (((w3 >>> 17) | (w3 << 15)) ^ ((w3 >>> 19) | (w3 << 13)) ^ (w3 >>> 10))) | 0;
        r = ((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21)) ^ ((h >>> 25) | (h << 7));
        c = (c + r + (b ^ (h & (a ^ b))) + (K[i + 5] as number) + w5) | 0;
        g = (g + c) | 0;
        r = ((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19)) ^ ((d >>> 22) | (d << 10));
        c = (c + r + ((d & e) ^ (f & (d ^ e)))) | 0;

        r = ((w7 >>> 7) | (w7 << 25)) ^ ((w7 >>> 18) | (w7 << 14)) ^ (w7 >>> 3);
        w6 = (w6 + w15 + r + (((w4 >>> 17) | (w4 << 15)) ^ ((w4 >>> 19) | (w4 << 13)) ^ (w4 >>> 10))) | 0;
        r = ((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21)) ^ ((g >>> 25) | (g << 7));
        b = (b + r + (a ^ (g & (h ^ a))) + (K[i + 6] as number) + w6) | 0;
        f = (f + b) | 0;
        r = ((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19)) ^ ((c >>> 22) | (c << 10));
        b = (b + r + ((c & d) ^ (e & (c ^ d)))) | 0;

        r = ((w8 >>> 7) | (w8 << 25)) ^ ((w8 >>> 18) | (w8 << 14)) ^ (w8 >>> 3);
        w7 = (w7 + w0 + r + (((w5 >>> 17) | (w5 << 15)) ^ ((w5 >>> 19) | (w5 << 13)) ^ (w5 >>> 10))) | 0;
        r = ((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7));
        a = (a + r + (h ^ (f & (g ^ h))) + (K[i + 7] as number) + w7) | 0;
        e = (e + a) | 0;
        r = ((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10));
        a = (a + r + ((b & c) ^ (d & (b ^ c)))) | 0;

        r = ((w9 >>> 7) | (w9 << 25)) ^ ((w9 >>> 18) | (w9 << 14)) ^ (w9 >>> 3);
        w8 = (w8 + w1 + r + (((w6 >>> 17) | (w6 << 15)) ^ ((w6 >>> 19) | (w6 << 13)) ^ (w6 >>> 10))) | 0;
        r = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        h = (h + r + (g ^ (e & (f ^ g))) + (K[i + 8] as number) + w8) | 0;
        d = (d + h) | 0;
        r = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        h = (h + r + ((a & b) ^ (c & (a ^ b)))) | 0;

        r = ((w10 >>> 7) | (w10 << 25)) ^ ((w10 >>> 18) | (w10 << 14)) ^ (w10 >>> 3);
        w9 = (w9 + w2 + r + (((w7 >>> 17) | (w7 << 15)) ^ ((w7 >>> 19) | (w7 << 13)) ^ (w7 >>> 10))) | 0;
        r = ((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21)) ^ ((d >>> 25) | (d << 7));
        g = (g + r + (f ^ (d & (e ^ f))) + (K[i + 9] as number) + w9) | 0;
        c = (c + g) | 0;
        r = ((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19)) ^ ((h >>> 22) | (h << 10));
        g = (g + r + ((h & a) ^ (b & (h ^ a)))) | 0;

        r = ((w11 >>> 7) | (w11 << 25)) ^ ((w11 >>> 18) | (w11 << 14)) ^ (w11 >>> 3);
        w10 = (w10 + w3 + r + (((w8 >>> 17) | (w8 << 15)) ^ ((w8 >>> 19) | (w8 << 13)) ^ (w8 >>> 10))) | 0;
        r = ((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7));
        f = (f + r + (e ^ (c & (d ^ e))) + (K[i + 10] as number) + w10) | 0;
        b = (b + f) | 0;
        r = ((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10));
        f = (f + r + ((g & h) ^ (a & (g ^ h)))) | 0;

        r = ((w12 >>> 7) | (w12 << 25)) ^ ((w12 >>> 18) | (w12 << 14)) ^ (w12 >>> 3);
        w11 = (w11 + w4 + r + (((w9 >>> 17) | (w9 << 15)) ^ ((w9 >>> 19) | (w9 << 13)) ^ (w9 >>> 10))) | 0;
        r = ((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7));
        e = (e + r + (d ^ (b & (c ^ d))) + (K[i + 11] as number) + w11) | 0;
        a = (a + e) | 0;
        r = ((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10));
        e = (e + r + ((f & g) ^ (h & (f ^ g)))) | 0;

        r = ((w13 >>> 7) | (w13 << 25)) ^ ((w13 >>> 18) | (w13 << 14)) ^ (w13 >>> 3);
        w12 =
          (w12 + w5 + r + (((w10 >>> 17) | (w10 << 15)) ^ ((w10 >>> 19) | (w10 << 13)) ^ (w10 >>> 10))) | 0;
        r = ((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21)) ^ ((a >>> 25) | (a << 7));
        d = (d + r + (c ^ (a & (b ^ c))) + (K[i + 12] as number) + w12) | 0;
        h = (h + d) | 0;
        r = ((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19)) ^ ((e >>> 22) | (e << 10));
        d = (d + r + ((e & f) ^ (g & (e ^ f)))) | 0;

        r = ((w14 >>> 7) | (w14 << 25)) ^ ((w14 >>> 18) | (w14 << 14)) ^ (w14 >>> 3);
        w13 =
          (w13 + w6 + r + (((w11 >>> 17) | (w11 << 15)) ^ ((w11 >>> 19) | (w11 << 13)) ^ (w11 >>> 10))) | 0;
        r = ((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21)) ^ ((h >>> 25) | (h << 7));
        c = (c + r + (b ^ (h & (a ^ b))) + (K[i + 13] as number) + w13) | 0;
        g = (g + c) | 0;
        r = ((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19)) ^ ((d >>> 22) | (d << 10));
        c = (c + r + ((d & e) ^ (f & (d ^ e)))) | 0;

        r = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
        w14 =
          (w14 + w7 + r + (((w12 >>> 17) | (w12 << 15)) ^ ((w12 >>> 19) | (w12 << 13)) ^ (w12 >>> 10))) | 0;
        r = ((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21)) ^ ((g >>> 25) | (g << 7));
        b = (b + r + (a ^ (g & (h ^ a))) + (K[i + 14] as number) + w14) | 0;
        f = (f + b) | 0;
        r = ((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19)) ^ ((c >>> 22) | (c << 10));
        b = (b + r + ((c & d) ^ (e & (c ^ d)))) | 0;

        r = ((w0 >>> 7) | (w0 << 25)) ^ ((w0 >>> 18) | (w0 << 14)) ^ (w0 >>> 3);
        w15 =
          (w15 + w8 + r + (((w13 >>> 17) | (w13 << 15)) ^ ((w13 >>> 19) | (w13 << 13)) ^ (w13 >>> 10))) | 0;
        r = ((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7));
        a = (a + r + (h ^ (f & (g ^ h))) + (K[i + 15] as number) + w15) | 0;
        e = (e + a) | 0;
        r = ((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10));
        a = (a + r + ((b & c) ^ (d & (b ^ c)))) | 0;
      }
      if ((a + H0) >>> 0 < target) return from;
    }
    return -1;
  };
}
