import type { Search } from "../../src/browser/sha256-puzzle.js";
import { unrolledSearch } from "../../src/browser/unrolled-search.js";
import { serve } from "./worker-frame.js";

const BATCH = 20_000;
// The page evaluates this text in its workers, too.
const search = (0, eval)(`(${unrolledSearch()})`) as Search;
const seed = crypto.getRandomValues(new Int32Array(8));
let index = 0;
// No hash is below 0, so the search always hashes the whole batch.
serve(() => {
  search(seed, index++, 0, BATCH, 0);
  return BATCH;
});
