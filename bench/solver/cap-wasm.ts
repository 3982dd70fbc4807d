import { initSync, solve_pow } from "@cap.js/wasm/browser/cap_wasm.js";
import { serve } from "./worker-frame.js";

/** The WebAssembly module in base64; the bundler defines it. */
declare const CAP_WASM: string;

initSync({ module: Uint8Array.from(atob(CAP_WASM), (char) => char.charCodeAt(0)) });

// It has its own format (a salt and a decimal nonce) and searches from 0, so the nonce shows how many hashes it computed.
serve(() => {
  const salt = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
  return Number(solve_pow(salt, "000")) + 1;
});
