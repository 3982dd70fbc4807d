import type { Search } from "./sha256-puzzle.js";

/** What a worker is asked to do: the arguments of {@link Search}. Its answer is the search's. */
export type SearchOrder = Parameters<Search>;

/** What a worker says once, as soon as it runs. */
export const READY = "ready";

/**
 * The whole program of a worker. Its text is sent there (see {@link searchWorkerSource}), so it stands alone.
 * @param createSearch The search it answers with.
 */
function searchWorker(createSearch: () => Search, ready: string): void {
  const search = createSearch();
  self.onmessage = ({ data }: MessageEvent<SearchOrder>) => {
    self.postMessage(search(...data));
  };
  self.postMessage(ready);
}

/** The worker's program as text. Made from the same function that the main thread falls back on: the page carries it once. */
export function searchWorkerSource(createSearch: () => Search): string {
  return `(${searchWorker.toString()})(${createSearch.toString()},"${READY}")`;
}
