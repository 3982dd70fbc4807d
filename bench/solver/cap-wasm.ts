import { initSync, solve_pow } from "@cap.js/wasm/browser/cap_wasm.js";
import { serve } from "./worker-frame.js";

/** The WebAssembly module in base64; the bundler puts it here. */
declare const CAP_WASM: string;

initSync({ module: Uint8Array.from(atob(CAP_WASM), (char) => char.charCodeAt(0)) });

// It has its own format (salt and a decimal nonce) and searches by itself from 0: the nonce tells how many hashes it took.
serve(() => {
  const salt = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
  return Number(solve_pow(salt, "000")) + 1;
});
