import { createHash } from "node:crypto";
import { ask, NAVIGATION, type Ask, type Got, type Jar } from "./ask.js";

/** A proof-of-work challenge, as the challenge page contains it. */
export interface Work {
  readonly action: string;
  readonly state: string;
  readonly seed: string;
  readonly count: number;
  readonly target: number;
  readonly form?: string;
}

/** Returns the configuration in a challenge page. */
export function workOf(page: string): Work {
  const found = /<script[^>]* id="bunker-config"[^>]*>([^<]*)<\/script>/.exec(page);
  if (found === null) throw new Error(`no challenge in: ${page.slice(0, 200)}`);
  return JSON.parse(found[1] as string) as Work;
}

/** Solves a proof of work like a client without our script, one hash at a time. */
export function solve({ seed, count, target }: Pick<Work, "seed" | "count" | "target">): string {
  const message = Buffer.alloc(40);
  message.write(seed, "hex");
  let solution = "";
  for (let puzzle = 0; puzzle < count; puzzle++) {
    message.writeUInt32BE(puzzle, 32);
    let nonce = 0;
    do message.writeUInt32BE(nonce++, 36);
    while (createHash("sha256").update(message).digest().readUInt32BE(0) >= target);
    solution += (nonce - 1).toString(16).padStart(8, "0");
  }
  return solution;
}

/** Returns whether a text solves a proof of work. After one changed digit it still does once in `2^32 / target` times. */
export function isSolution(
  { seed, count, target }: Pick<Work, "seed" | "count" | "target">,
  text: string,
): boolean {
  if (!/^[0-9a-f]+$/.test(text) || text.length !== count * 8) return false;
  return Array.from({ length: count }, (_, puzzle) => puzzle).every((puzzle) => {
    const message = Buffer.alloc(40);
    message.write(seed, "hex");
    message.writeUInt32BE(puzzle, 32);
    message.write(text.slice(puzzle * 8, puzzle * 8 + 8), 36, "hex");
    return createHash("sha256").update(message).digest().readUInt32BE(0) < target;
  });
}

/** Follows redirects to the challenge page with a jar, like a browser, and returns the page. */
export async function openChallenge(url: string, target: string, jar: Jar, options: Ask = {}): Promise<Got> {
  let next = target;
  for (let step = 0; step < 5; step++) {
    const got = await ask(url, next, {
      ...options,
      headers: { ...NAVIGATION, ...options.headers, ...jar.header },
    });
    jar.take(got);
    if (got.status < 300 || got.status >= 400) return got;
    next = got.headers.location as string;
  }
  throw new Error("no page after five redirects");
}

/** Posts a solution like the script of the page. */
export function post(
  url: string,
  action: string,
  fields: Record<string, string>,
  jar: Jar,
  options: Ask = {},
): Promise<Got> {
  return ask(url, action, {
    ...options,
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      "Sec-Fetch-Site": "same-origin",
      Accept: "application/json",
      ...options.headers,
      ...jar.header,
    },
    body: new URLSearchParams(fields).toString(),
  });
}
