import { signal } from "@preact/signals";

/** Rises with every change of bans, so that what shows them is read again. */
export const banChanges = signal(0);
