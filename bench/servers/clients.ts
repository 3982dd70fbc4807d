/** The public addresses of the clients: 45.83.0.0 and up. */
export const ADDRESSES: readonly string[] = Array.from(
  { length: 1000 },
  (_, index) => `45.83.${index >> 8}.${index & 255}`,
);
