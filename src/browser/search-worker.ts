import type { Search } from "./sha256-puzzle.js";
import { unrolledSearch } from "./unrolled-search.js";

/** What a worker is asked to do: the arguments of {@link Search}. Its answer is the search's. */
export type SearchOrder = Parameters<Search>;

/** What a worker says once, as soon as it runs. */
export const READY = "ready";

/** The whole program of a worker. Its text is sent there (see {@link searchWorkerSource}), so it stands alone. */
function searchWorker(search: Search, ready: string): void {
  self.onmessage = ({ data }: MessageEvent<SearchOrder>) => {
    self.postMessage(search(...data));
  };
  self.postMessage(ready);
}

/** The worker's program as text. The page carries the few lines that write the search, not the thousand of the search. */
export function searchWorkerSource(): string {
  return `(${searchWorker.toString()})(${unrolledSearch()},"${READY}")`;
}
