import type { Context } from "../engine/context.js";
import { History } from "./history.js";

/** The history of one store, and how many have it open. */
class Opened {
  history: History | undefined;
  users = 0;
}

/** A history that is open. */
export interface OpenHistory {
  readonly history: History;
  /** Ends the recording when everybody who has opened it has closed it. */
  close(): Promise<void>;
}

/** Starts the history of all middlewares on the store of `context`, or joins the one that was started before. */
export function openHistory({ scope, events, meter, now, options }: Context): OpenHistory {
  const opened = scope.get(Opened);
  const { store, cacheDir } = options;
  const history = (opened.history ??= new History({ store, events, meter, now, cacheDir }));
  opened.users++;
  let isOpen = true;
  return {
    history,
    async close() {
      if (!isOpen) return;
      isOpen = false;
      if (--opened.users > 0) return;
      opened.history = undefined;
      await history.close();
    },
  };
}
