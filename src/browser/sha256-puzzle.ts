/** The constants of SHA-256: 32 bits of the fractions of the primes' cube (`K`) and square (`H`) roots. */
export function sha256Constants(): { readonly K: Int32Array; readonly H: Int32Array } {
  const K = new Int32Array(64);
  const H = new Int32Array(8);
  for (let prime = 2, found = 0; found < 64; prime++) {
    let divisor = 2;
    while (prime % divisor) divisor++;
    if (divisor < prime) continue;
    if (found < 8) H[found] = (Math.sqrt(prime) % 1) * 4294967296;
    K[found++] = (Math.cbrt(prime) % 1) * 4294967296;
  }
  return { K, H };
}

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

/** The {@link Search} of the main thread, where no worker runs: short, and a few times slower than {@link unrolledSearch}. */
export function createSearch(): Search {
  const { K, H } = sha256Constants();
  const w = new Int32Array(64);
  return (seed, index, from, count, target) => {
    w.set(seed);
    w[8] = index;
    // The bit that ends the message and, last, the message's length in bits.
    w[10] = -0x80000000;
    w.fill(0, 11, 15);
    w[15] = 320;
    for (const end = from + count; from < end; from++) {
      w[9] = from;
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15] as number;
        const y = w[i - 2] as number;
        const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] as number) + (w[i - 7] as number) + sigma0 + sigma1;
      }
      let a = H[0] as number;
      let b = H[1] as number;
      let c = H[2] as number;
      let d = H[3] as number;
      let e = H[4] as number;
      let f = H[5] as number;
      let g = H[6] as number;
      let h = H[7] as number;
      for (let i = 0; i < 64; i++) {
        const sigma1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const sigma0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t = (h + sigma1 + (g ^ (e & (f ^ g))) + (K[i] as number) + (w[i] as number)) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t) | 0;
        d = c;
        const next = (t + sigma0 + ((a & b) ^ (c & (a ^ b)))) | 0;
        c = b;
        b = a;
        a = next;
      }
      if ((a + (H[0] as number)) >>> 0 < target) return from;
    }
    return -1;
  };
}
