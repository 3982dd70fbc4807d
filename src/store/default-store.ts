import { MemoryStore } from "./memory-store.js";

/** The store of every middleware that was given none, one for the whole process. Tests may `clear()` it. */
export const defaultStore = new MemoryStore();
