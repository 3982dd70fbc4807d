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
