/** {@link Admission.admit} returns it for a key that may not be written. */
export const REFUSED = Symbol("refused");

/** Decides, for one namespace, which new keys are admitted when it is full and which key is evicted for them. */
export interface Admission {
  /** Called before a new key is written; returns the slot to evict first, `undefined` for none, or {@link REFUSED}. */
  admit(key: string, full: boolean): number | undefined | typeof REFUSED;
  resize?(capacity: number): void;
  added?(slot: number, key: string): void;
  /** A key was overwritten. */
  renewed?(slot: number): void;
  /** A key was deleted or evicted, or has expired. */
  removed?(slot: number, key: string): void;
}
