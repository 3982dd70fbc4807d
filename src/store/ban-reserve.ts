/**
 * The share of the budget of `ban` keys that is reserved for bans by hand, which are written by `set`; automatic bans are written
 * by `add`.
 */
export const HAND_RESERVE = 1 / 16;
