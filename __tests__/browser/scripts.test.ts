import { gzipSync } from "node:zlib";
import { parse } from "acorn";
import { browserScripts } from "./challenge-server.js";

describe.each(Object.entries(browserScripts))("built %s", (_, script) => {
  test("R35 parses as ES2017", () => {
    expect(() => parse(script, { ecmaVersion: 2017, sourceType: "script" })).not.toThrow();
  });

  test("can be written into a page", () => {
    expect(script).not.toMatch(/<\/?script|<!--|-->|\]\]>/i);
    // Plain ASCII means the same in every charset.
    expect(script).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

test("R35 the challenge page's program uses nothing that old browsers or plain http lack", () => {
  expect(browserScripts.challengeScript).not.toMatch(
    /crypto|WebAssembly|SharedArrayBuffer|importScripts|\bfetch\b|\beval\b/,
  );
});

test("the challenge page's program stays light", () => {
  expect(gzipSync(browserScripts.challengeScript).length).toBeLessThan(5 * 1024);
});
