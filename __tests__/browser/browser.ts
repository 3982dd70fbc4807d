import { chromium, type Browser } from "playwright-core";

/** Host names that lead to loopback: for pages that are not "localhost", and for a second site. */
export const INSECURE_HOST = "insecure.test";
export const OTHER_HOST = "other.test";

/** Starts Chromium so that it talks to nobody but loopback. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1, MAP ${OTHER_HOST} 127.0.0.1`,
    ],
  });
}
