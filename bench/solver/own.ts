import { createSearch } from "../../src/browser/sha256-puzzle.js";
import { serve } from "./worker-frame.js";

const BATCH = 20_000;
const search = createSearch();
const seed = crypto.getRandomValues(new Int32Array(8));
let index = 0;
// No hash is below 0: the search goes through the whole batch.
serve(() => {
  search(seed, index++, 0, BATCH, 0);
  return BATCH;
});
