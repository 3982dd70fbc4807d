import type { Search } from "../../src/browser/sha256-puzzle.js";
import { unrolledSearch } from "../../src/browser/unrolled-search.js";
import { serve } from "./worker-frame.js";

const BATCH = 20_000;
// The page writes this text into its workers' program.
const search = (0, eval)(`(${unrolledSearch()})`) as Search;
const seed = crypto.getRandomValues(new Int32Array(8));
let index = 0;
// No hash is below 0: the search goes through the whole batch.
serve(() => {
  search(seed, index++, 0, BATCH, 0);
  return BATCH;
});
