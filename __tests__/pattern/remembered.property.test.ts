import fc from "fast-check";
import { compilePattern, PatternError } from "../../src/pattern/pattern.js";

type Compile = typeof compilePattern;

/** What a pattern is compiled to, as far as it shows. */
function outcome(compile: Compile, source: string | RegExp): unknown {
  try {
    const pattern = compile(source);
    const matches = ["", "a", "A", "ab\nb", "aaaa"].map((subject) => pattern.test(subject));
    return { limit: pattern.limit, text: pattern.source, matches };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Returns `compilePattern` of a module that remembers nothing. */
function fresh(): Compile {
  let compile: Compile | undefined;
  jest.isolateModules(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    ({ compilePattern: compile } = require("../../src/pattern/pattern.js") as { compilePattern: Compile });
  });
  return compile as Compile;
}

test("a pattern that was compiled before is compiled to the same, whatever was compiled in between", () => {
  const script = fc
    .array(fc.constantFrom("a", "A", "b*", ".*", "(a|b)+", "(?:a?){3}", "$", "^", "[^b]*", "(a+)+", "\\1"), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join(""));
  const pattern = fc.oneof(
    script,
    script.map((text) => `(?i)${text}`),
    fc.tuple(script, fc.constantFrom("", "i", "s", "m")).map(([text, flags]) => new RegExp(text, flags)),
  );
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 12 }), (patterns) => {
      // Twice, and backwards: the second time, all of them are remembered.
      for (const one of [...patterns, ...patterns.toReversed()]) outcome(compilePattern, one);
      for (const one of patterns) expect(outcome(compilePattern, one)).toEqual(outcome(fresh(), one));
    }),
    { numRuns: 30 },
  );
});

test("a pattern that is refused is refused again", () => {
  for (let attempt = 0; attempt < 2; attempt++) expect(() => compilePattern("(a+)+$")).toThrow(PatternError);
});
