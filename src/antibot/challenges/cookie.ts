import type { ChallengeKind } from "../challenge.js";

/** The browser only has to send our cookie back (BunkerWeb's `cookie`). */
export const cookieChallenge: ChallengeKind<null> = {
  name: "cookie",
  spend: "never",
  silent: true,
  issue: () => null,
  page: () => ({ body: "" }),
  // The gate calls this only when the cookie came back.
  verify: () => true,
};
