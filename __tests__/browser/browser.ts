import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from "playwright-core";

/** Host names that lead to loopback: for pages that are not "localhost", and for a second site. */
export const INSECURE_HOST = "insecure.test";
export const OTHER_HOST = "other.test";

const LAUNCH = {
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1, MAP ${OTHER_HOST} 127.0.0.1, MAP *.example.test 127.0.0.1`,
  ],
};

/** Starts Chromium so that it talks to nobody but loopback. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch(LAUNCH);
}

/** Starts Chromium with a profile of its own, for settings that only a profile has. */
export function launchContext(profile: string, options: BrowserContextOptions): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { ...LAUNCH, ...options });
}
