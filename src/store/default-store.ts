import { isClusterWorker } from "../cluster-worker.js";
import { MemoryStore } from "./memory-store.js";

/** The store of every middleware without a `store` option, one for the whole process. Tests may `clear()` it. */
export const defaultStore = new MemoryStore();

let warned = false;

/** Says what is wrong when this process is one of several workers, which do not share {@link defaultStore}. */
export const UNSHARED =
  "this process is one of several workers, and each keeps bans, counters and spent challenges to itself; give all of them one store: new RedisStore({ url }) of express-bunker/redis";

/** Whether this process is one of several workers. PM2 numbers its processes; the first may be the only one. */
export function isOneOfSeveral(): boolean {
  return isClusterWorker() || Number(process.env["NODE_APP_INSTANCE"] ?? 0) > 0;
}

/** Returns {@link defaultStore}; warns once if this process is one of several workers. */
export function useDefaultStore(): MemoryStore {
  if (!warned && isOneOfSeveral()) {
    warned = true;
    process.emitWarning(`${UNSHARED} (npx express-bunker error WRN_BUNKER_LOCAL_STORE)`, {
      code: "WRN_BUNKER_LOCAL_STORE",
    });
  }
  return defaultStore;
}
