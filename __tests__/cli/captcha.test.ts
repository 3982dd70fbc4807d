import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram, type Program } from "./program.js";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

test("writes pictures that are called by their answers, and measures them", async () => {
  const { code, out, err } = await program.run(["captcha", "--count", "12", "--out", "a/b", "--json"]);
  expect([code, err]).toEqual([0, ""]);
  const figures = JSON.parse(out) as { count: number; perSecond: number; bytes: Record<string, number> };
  expect(figures.count).toBe(12);
  expect(figures.perSecond).toBeGreaterThan(0);
  const names = readdirSync(join(program.folder, "a/b"));
  expect(names).toHaveLength(12);
  for (const name of names) expect(name).toMatch(/^\d\d-[ACEMPTUYde236]{6}\.png$/);
  const sizes = names.map((name) => {
    const bytes = readFileSync(join(program.folder, "a/b", name));
    expect(bytes.subarray(0, 8)).toEqual(PNG);
    return bytes.length;
  });
  expect(figures.bytes).toMatchObject({ least: Math.min(...sizes), most: Math.max(...sizes) });
});

test("an alphabet of one's own, with characters that no file name has", async () => {
  const { code, out } = await program.run([
    "captcha",
    "--count",
    "3",
    "--length",
    "4",
    "--alphabet",
    "/%&*+=?@",
  ]);
  expect(code).toBe(0);
  expect(out).toContain("Pictures  3, in captcha-samples\n");
  const names = readdirSync(join(program.folder, "captcha-samples"));
  expect(names).toHaveLength(3);
  for (const name of names) expect(name).toMatch(/^\d-(?:%[0-9a-f]{2}){4}\.png$/);
});

test("a folder that cannot be made is told of", async () => {
  writeFileSync(join(program.folder, "file"), "");
  const { code, err } = await program.run(["captcha", "--out", "file/below"]);
  expect(code).toBe(1);
  expect(err).toMatch(/^express-bunker: the folder file\/below cannot be made: .*\n$/);
});
