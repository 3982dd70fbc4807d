import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");

// A process of its own: Jest cannot import the script, which is an ES module.
const { stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/api-report.mjs"), "--print"], {
  encoding: "utf8",
  maxBuffer: 16 * 1024 * 1024,
});
if (stdout === "") throw new Error(stderr);
const reports = JSON.parse(stdout) as Record<string, string>;

test.each(Object.keys(reports))(
  "the public types are those of api/%s (node scripts/api-report.mjs --write)",
  (file) => {
    expect(reports[file]).toBe(readFileSync(join(root, "api", file), "utf8"));
  },
);

test("api/ has a report for every entry point, and no other", () => {
  expect(readdirSync(join(root, "api")).sort()).toEqual(Object.keys(reports).sort());
});
