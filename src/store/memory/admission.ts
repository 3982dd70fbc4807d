import type { StoreFullError } from "../store.js";

/** A key may not be written: a namespace's keys or bytes are used up, or one client or network has its share. */
export interface Refusal {
  readonly limit: StoreFullError["limit"];
}

/** How full a namespace is. */
export interface Fullness {
  readonly keys: boolean;
  readonly bytes: boolean;
}

/** Decides, for one namespace, which new keys are admitted when it is full and which key is evicted for them. */
export interface Admission {
  /**
   * Called before a new key is written to a namespace of `size` keys; returns the slot to evict first, `undefined` for none, or
   * a refusal. `byHand`: no share and no reserve limits the key.
   */
  admit(key: string, full: Fullness, size: number, byHand?: boolean): number | undefined | Refusal;
  resize?(capacity: number): void;
  added?(slot: number, key: string, bytes: number): void;
  /** A key was overwritten, and takes so many bytes more. */
  renewed?(slot: number, key: string, bytes: number): void;
  /** A key was deleted or evicted, or has expired. */
  removed?(slot: number, key: string, bytes: number): void;
}

/** Evicts nothing, and refuses when the namespace is full. */
export const REFUSE_WHEN_FULL: Admission = {
  admit: (_key, full) => (full.keys ? { limit: "keys" } : full.bytes ? { limit: "bytes" } : undefined),
};
