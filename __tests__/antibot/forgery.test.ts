import fc from "fast-check";
import { createHash } from "node:crypto";
import { isSolved, PUZZLES, targetOf } from "../../src/antibot/challenges/javascript.js";
import { safePath } from "../../src/antibot/destination.js";
import { KeyRing, type KeyPurpose } from "../../src/antibot/keys.js";
import { solve } from "../support/work.js";

const keys = new KeyRing(["a secret of enough characters"]);
const CONTEXT = ["www.example.com"];

/** A text that differs from `text` in one place, at its end, or in its length. */
function mutated(text: string, random: () => number, alphabet: string): string {
  const pick = (): string => alphabet[Math.floor(random() * alphabet.length)] as string;
  const at = Math.floor(random() * text.length);
  const kind = Math.floor(random() * 5);
  if (kind === 0) return text.slice(0, at) + text.slice(at + 1);
  if (kind === 1) return text.slice(0, at) + pick() + text.slice(at);
  if (kind === 2) return text + pick();
  if (kind === 3) return text.slice(0, at);
  return text.slice(0, at) + pick() + text.slice(at + 1);
}

// Numbers that look random and are the same in every run.
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ";

test("R18 100 000 mutated tokens, cookies and solutions: none is accepted", () => {
  const random = numbers(7);
  const sealed = keys.seal(
    "challenge",
    CONTEXT,
    JSON.stringify(["id", "javascript", 1, "browser", "/", null, { seed: "00", target: 1 }]),
  );
  const signed = keys.sign("pass", CONTEXT, JSON.stringify(["id", 1, ["javascript"], "8.8.8", "agent", 0]));
  const work = { seed: createHash("sha256").update("seed").digest("hex"), target: targetOf(16) };
  const solution = solve({ ...work, count: PUZZLES });
  expect([
    keys.open("challenge", CONTEXT, sealed),
    keys.verify("pass", CONTEXT, signed),
    isSolved(work, solution),
  ]).toEqual([expect.any(String), expect.any(String), true]);
  let accepted = 0;
  let tried = 0;
  while (tried < 100_000) {
    const which = tried % 3;
    const original = which === 0 ? sealed : which === 1 ? signed : solution;
    const changed = mutated(original, random, which === 2 ? "0123456789abcdefABCDEF" : BASE64URL);
    if (changed === original) continue;
    tried++;
    const good =
      which === 0
        ? keys.open("challenge", CONTEXT, changed) !== undefined
        : which === 1
          ? keys.verify("pass", CONTEXT, changed) !== undefined
          : isSolved(work, changed);
    if (good) accepted++;
  }
  expect(accepted).toBe(0);
}, 60_000);

test("R18 what is made for one purpose, service or secret opens for no other", () => {
  const purposes: KeyPurpose[] = ["challenge", "browser", "pass", "destination", "form"];
  const other = new KeyRing(["another secret, long enough"]);
  for (const made of purposes) {
    const sealed = keys.seal(made, CONTEXT, "text");
    const signed = keys.sign(made, CONTEXT, "text");
    for (const asked of purposes) {
      expect(keys.open(asked, CONTEXT, sealed)).toBe(asked === made ? "text" : undefined);
      expect(keys.verify(asked, CONTEXT, signed)).toBe(asked === made ? "text" : undefined);
      expect([keys.open(asked, CONTEXT, signed), keys.verify(asked, CONTEXT, sealed)]).toEqual([
        undefined,
        undefined,
      ]);
    }
    expect([
      keys.open(made, ["other.example.com"], sealed),
      keys.verify(made, ["other.example.com"], signed),
    ]).toEqual([undefined, undefined]);
    expect([other.open(made, CONTEXT, sealed), other.verify(made, CONTEXT, signed)]).toEqual([
      undefined,
      undefined,
    ]);
  }
});

test("R18 no bytes move from one part of what is signed into the next", () => {
  const token = keys.sign("pass", ["ab", "c"], "text");
  expect(keys.verify("pass", ["ab", "c"], token)).toBe("text");
  for (const context of [["a", "bc"], ["abc"], ["ab", "c", ""], ["", "ab", "c"]])
    expect(keys.verify("pass", context, token)).toBeUndefined();
});

test("R18 sealing and opening give back any text; junk opens to nothing and throws nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, junk) => {
      expect(keys.open("form", CONTEXT, keys.seal("form", CONTEXT, text))).toBe(text);
      expect(keys.verify("form", CONTEXT, keys.sign("form", CONTEXT, text))).toBe(text);
      expect([keys.open("form", CONTEXT, junk), keys.verify("form", CONTEXT, junk)]).toEqual([
        undefined,
        undefined,
      ]);
    }),
  );
});

test("R13 whatever is asked for, a destination is a path of this very origin", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.string().map((text) => `/${text}`),
        fc.constantFrom("//evil.test", "/\\evil.test", "/%5cevil", "/\t/evil.test", "javascript:alert(1)"),
      ),
      (url) => {
        const path = safePath(url);
        const landed = new URL(path, "https://site.test");
        expect(landed.origin).toBe("https://site.test");
        expect(path).toMatch(/^\/(?![/\\])/);
      },
    ),
  );
});
