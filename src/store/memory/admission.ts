/** The answer to a key that finds no room. */
export const REFUSED = Symbol("refused");

/** Decides, for one namespace, which new keys get in when room is short, and who makes room for them (R31). */
export interface Admission {
  /** Makes room for slots up to `capacity`. */
  resize(capacity: number): void;
  /**
   * Asked before a new key is written: the slot that must go first, `undefined` when none must, `REFUSED` when the key
   * may not come in.
   */
  admit(key: string, full: boolean): number | undefined | typeof REFUSED;
  /** A key came in. */
  added(slot: number, key: string): void;
  /** A key was written again. */
  renewed(slot: number): void;
  /** A key went, for whatever reason. */
  removed(slot: number, key: string): void;
}

/** Nothing is ever evicted: new keys are refused when there is no room. */
export class RefuseWhenFull implements Admission {
  admit(_key: string, full: boolean): typeof REFUSED | undefined {
    return full ? REFUSED : undefined;
  }

  resize(): void {
    // Keeps nothing by slot.
  }
  added(): void {
    // Counts nothing.
  }
  renewed(): void {
    // Counts nothing.
  }
  removed(): void {
    // Counts nothing.
  }
}
