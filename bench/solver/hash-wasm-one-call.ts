import { sha256 } from "hash-wasm";
import { createMessage, serve } from "./worker-frame.js";

const BATCH = 500;
const message = createMessage();
// The first example of its README, which most solvers follow: one awaited call per hash, with a hexadecimal result.
serve(async () => {
  let zeros = 0;
  for (let i = 0; i < BATCH; i++) {
    message.next();
    if ((await sha256(message.bytes)).startsWith("00000")) zeros++;
  }
  return zeros < 0 ? 0 : BATCH;
});
