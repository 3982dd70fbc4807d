import { RegExpParser, type AST } from "@eslint-community/regexpp";
import type { PatternFlags } from "./alphabet.js";
import { TooComplex } from "./automaton.js";
import { RecentMap } from "../recent-map.js";
import { growthOf } from "./growth.js";
import { PatternError } from "./pattern-error.js";
import { matchesQuery, type Pattern, type PatternOptions } from "./safe-pattern.js";
import { translate } from "./translate.js";

const SUBJECT_LIMITS = { uri: 2048, userAgent: 256 } as const;
// Four times the cost of a quadratic pattern on 2048 characters.
const MAX_STEPS = 8_400_000;
const MAX_GROWTH = 4;
const MAX_SOURCE_LENGTH = 8_192;

/** How many patterns' growth is remembered, and of which length at most. */
const REMEMBERED = { patterns: 256, length: 512 } as const;
// Settings are read, then options, then those of each service: most patterns are compiled several times.
const growths = new RecentMap<string, number>(REMEMBERED.patterns);

/** See `compilePattern` of pattern.ts. */
export function compilePattern(source: string | RegExp, { subject = "uri" }: PatternOptions = {}): Pattern {
  const text = typeof source === "string" ? source : source.source;
  if (text.length > MAX_SOURCE_LENGTH)
    throw new PatternError(text, `it has more than ${MAX_SOURCE_LENGTH} characters: split it`);
  const { source: script, flags } =
    typeof source === "string"
      ? translate(source)
      : { source: source.source, flags: source.flags.replace(/[gyd]/g, "") };
  const tree = parse(text, script, flags);
  const runnable = withoutFreeLead(tree, script, flags);
  const growth = rememberedGrowth(text, runnable, flags);
  let factorial = 1;
  for (let factor = 2; factor <= growth; factor++) factorial *= factor;
  // The n for which n^growth / growth! steps are affordable.
  const affordable = Math.floor((MAX_STEPS * factorial) ** (1 / growth));
  const limit = growth <= 1 ? Infinity : Math.min(SUBJECT_LIMITS[subject], affordable);
  const regexp = new RegExp(runnable.script, flags);
  // A text that is too long is seen in part. Where it was cut, "$" and the like would see an end that is not there.
  const looksAtEnd = /[$]|\\[bB]|\(\?[=!]/.test(runnable.tree.raw);
  return {
    source: text,
    matchesQuery: matchesQuery(text),
    limit,
    test: (tested) =>
      tested.length <= limit ? regexp.test(tested) : !looksAtEnd && regexp.test(tested.slice(0, limit)),
  };
}

function parse(text: string, script: string, flags: string): AST.Pattern {
  try {
    new RegExp(script, flags);
    return new RegExpParser({ ecmaVersion: 2025 }).parsePattern(script, 0, script.length, {
      unicode: flags.includes("u"),
      unicodeSets: flags.includes("v"),
    });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new PatternError(
      text,
      error.message.replace(/^Invalid regular expression: /, "it is not a regular expression: "),
    );
  }
}

// An unanchored search for ".*x" finds the same as one for "x", at a fraction of the cost.
function withoutFreeLead(
  tree: AST.Pattern,
  script: string,
  flags: string,
): { script: string; tree: AST.Pattern } {
  let shorter = script;
  // A back-reference would notice what its group is left without.
  if (/\\[1-9k]/.test(script)) return { script, tree };
  for (const alternative of [...tree.alternatives].reverse()) {
    const first = leadOf(alternative);
    if (first?.type !== "Quantifier" || first.max !== Infinity || first.min > 1) continue;
    const { element } = first;
    if (element.type !== "CharacterSet" || element.kind !== "any") continue;
    shorter = shorter.slice(0, first.start) + (first.min === 1 ? element.raw : "") + shorter.slice(first.end);
  }
  // Several in a row (".*.*x") go one by one.
  return shorter === script
    ? { script, tree }
    : withoutFreeLead(parse(shorter, shorter, flags), shorter, flags);
}

function leadOf({ elements: [first] }: AST.Alternative): AST.Element | undefined {
  const group = first?.type === "Group" || first?.type === "CapturingGroup" ? first.alternatives : undefined;
  return group?.length === 1 ? leadOf(group[0] as AST.Alternative) : first;
}

function rememberedGrowth(
  text: string,
  { script, tree }: { readonly script: string; readonly tree: AST.Pattern },
  flags: string,
): number {
  if (script.length > REMEMBERED.length) return growthOrError(text, tree, flags);
  const key = `${flags}/${script}`;
  const known = growths.get(key);
  if (known !== undefined) return known;
  // A pattern that is refused is not remembered.
  const growth = growthOrError(text, tree, flags);
  growths.set(key, growth);
  return growth;
}

function growthOrError(text: string, tree: AST.Pattern, flags: string): number {
  const patternFlags: PatternFlags = {
    ignoreCase: flags.includes("i"),
    dotAll: flags.includes("s"),
    multiline: flags.includes("m"),
    unicode: flags.includes("u") || flags.includes("v"),
  };
  let growth: number;
  try {
    growth = growthOf(tree.alternatives, patternFlags);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    throw new PatternError(text, "it is too large to be checked: split it into several patterns");
  }
  if (growth > MAX_GROWTH) {
    throw new PatternError(
      text,
      "a hostile text could keep it busy for ever, because its repetitions overlap: write each repeated part so that it" +
        " cannot match what follows it, such as [^/]* instead of .*, and avoid repetitions within repetitions",
    );
  }
  return growth;
}
