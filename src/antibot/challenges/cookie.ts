import type { ChallengeKind } from "../challenge.js";

/** The browser keeps our cookie and brings it back: nothing more is asked (BunkerWeb's `cookie`). */
export const cookieChallenge: ChallengeKind<null> = {
  name: "cookie",
  spend: "never",
  silent: true,
  issue: () => null,
  page: () => ({ body: "" }),
  // The gate calls this only for a browser whose cookie came back.
  verify: () => true,
};
