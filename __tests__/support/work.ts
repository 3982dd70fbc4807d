import { createHash } from "node:crypto";
import { ask, NAVIGATION, type Ask, type Got, type Jar } from "./ask.js";

/** A challenge as its page holds it. */
export interface Work {
  readonly action: string;
  readonly state: string;
  readonly seed: string;
  readonly count: number;
  readonly target: number;
  readonly form?: string;
}

/** The configuration in a challenge page. */
export function workOf(page: string): Work {
  const found = /<script[^>]* id="bunker-config"[^>]*>([^<]*)<\/script>/.exec(page);
  if (found === null) throw new Error(`no challenge in: ${page.slice(0, 200)}`);
  return JSON.parse(found[1] as string) as Work;
}

/** Solves a proof of work as a client without our script would: one hash after the other. */
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

/** Whether a text solves a proof of work: a changed digit does by chance, once in `2^32 / target` times. */
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

/** Opens the challenge's page with a jar, as a browser would. */
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

/** Posts an answer as the page's script would. */
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
