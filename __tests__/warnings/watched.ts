import { bunker, type Bunker, type BunkerEvent, type BunkerOptions } from "../../src/index.js";
import { site, type SiteSetUp, type TestSite } from "../support/site.js";

/** A site whose traffic is watched. */
export interface WatchedSite extends TestSite<Bunker> {
  /** The warnings of a code that were told. */
  told(code: string): readonly BunkerEvent[];
  /** The codes and subjects of the warnings in force. */
  inForce(): readonly string[];
}

const sessions = { secret: "a secret of enough characters" };

/** Serves a site behind `bunker()`, which knows its warnings. */
export async function watched(
  options: BunkerOptions = {},
  setUp: SiteSetUp<Bunker> = {},
): Promise<WatchedSite> {
  const gate = options.antibot === undefined ? {} : { sessions };
  const made = await site(
    (shared) => bunker({ ...shared, ...gate, bunkernet: false, logEvents: ["fault"], ...options }),
    { ...setUp, record: ["warning"] },
  );
  return {
    ...made,
    told: (code) => made.events.filter(({ reason }) => reason === code),
    inForce: () => made.guard.events.activeWarnings.map(({ code, about }) => `${code} ${about}`.trim()),
  };
}

/** Returns a public address by its number. */
export const addressOf = (number: number): string =>
  `9.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

/** Reads a line of options that was pasted into a file. */
export function pasted(advice: unknown): BunkerOptions {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the line is code
  const read = new Function(`return { ${String(advice)} };`) as () => BunkerOptions;
  return read();
}

/** Returns the advice of a warning. */
export const adviceOf = (event: BunkerEvent | undefined): unknown =>
  (event?.data as { readonly advice?: unknown } | undefined)?.advice;
