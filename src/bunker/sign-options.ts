import { isTestRun } from "../test-run.js";
import type { SignOptions } from "../warnings/signs.js";
import type { ProtectionOptions } from "./options.js";

/** Returns what the signs of mistakes need to know of the options of all services. */
export function signOptionsOf({ antibot, badBehavior, resolver }: ProtectionOptions): SignOptions {
  const sources = (part: false | { readonly ignoreUri: readonly { readonly source: string }[] }): string[] =>
    part === false ? [] : part.ignoreUri.map(({ source }) => source);
  return {
    ignored: { antibot: sources(antibot), badBehavior: sources(badBehavior) },
    // Nobody expects DNS questions in a test that has not named a resolver.
    resolver: resolver === undefined && isTestRun() ? false : resolver,
  };
}
