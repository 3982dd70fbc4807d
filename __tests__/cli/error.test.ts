import { codesOfSources } from "../support/codes.js";
import { buildProgram, type Program } from "./program.js";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

test("prints what a code means, in either case", async () => {
  const { code, out, err } = await program.run(["error", "wrn_bunker_proxy"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^WRN_BUNKER_PROXY\n\nRequests arrive with `X-Forwarded-For`/);
  expect(out).toContain("See docs/proxies.md.");
  expect(out.split("\n").every((line) => line.length <= 80)).toBe(true);
});

test("without a code, lists every code of the sources, one line each", async () => {
  const { code, out } = await program.run(["error"]);
  expect(code).toBe(0);
  const lines = out.trimEnd().split("\n").slice(1);
  expect(lines.map((line) => line.split(" ")[0]).sort()).toEqual(codesOfSources());
  for (const line of lines) expect(line).toMatch(/^[A-Z_]+ +[A-Z`].*[.:]$/);
});

test("suggests the nearest code for an unknown one, and lists all", async () => {
  const { code, out, err } = await program.run(["error", "WRN_BUNKER_PROXIES"]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain('there is no code "WRN_BUNKER_PROXIES"; did you mean WRN_BUNKER_PROXY?');
  for (const known of codesOfSources()) expect(err).toContain(`\n  ${known}`);
});

test("--json", async () => {
  const one = JSON.parse((await program.run(["error", "ERR_BUNKER_HOOK", "--json"])).out) as object;
  expect(one).toEqual({ code: "ERR_BUNKER_HOOK", text: expect.stringContaining("A hook (`skip`") });
  const all = JSON.parse((await program.run(["error", "--json"])).out) as object;
  expect(Object.keys(all).sort()).toEqual(codesOfSources());
});
