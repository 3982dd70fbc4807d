import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");

// ESLint reads its configuration with import(), which Jest does not have: it runs in a process of its own. Only the rules about
// imports run, so that no type information is needed.
const LINT = `
  import { readFileSync } from "node:fs";
  import { ESLint } from "eslint";
  const eslint = new ESLint({
    ruleFilter: ({ ruleId }) => /^(?:import-x|house)[/]/.test(ruleId),
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  });
  const results = [];
  for (const { code, filePath } of JSON.parse(readFileSync(0, "utf8"))) {
    const [{ messages }] = await eslint.lintText(code, { filePath });
    results.push(messages.map(({ ruleId }) => ruleId));
  }
  console.log(JSON.stringify(results));
`;

/** The rules that each file breaks once a line was added to it. */
function lint(changes: readonly { file: string; added: string }[]): string[][] {
  const input = changes.map(({ file, added }) => ({
    filePath: file,
    code: `${added}\n${readFileSync(join(root, file), "utf8")}`,
  }));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", LINT], {
    cwd: root,
    input: JSON.stringify(input),
    encoding: "utf8",
  });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
}

const CASES = [
  { what: "as it is", file: "src/bans/ban.ts", added: "", broken: [] },
  {
    what: "an import from a lower folder",
    file: "src/bans/ban.ts",
    added: 'import { parseAddress } from "../address/address.js";',
    broken: [],
  },
  {
    what: "a cycle",
    file: "src/bans/ban.ts",
    added: 'import { BanList } from "./ban-list.js";',
    broken: ["import-x/no-cycle", "house/no-import-cycle"],
  },
  {
    what: "a cycle of types",
    file: "src/bans/ban.ts",
    added: 'import type { BanList } from "./ban-list.js";',
    broken: ["house/no-import-cycle"],
  },
  {
    what: "an export that closes a cycle",
    file: "src/bans/ban.ts",
    added: 'export type { BanList } from "./ban-list.js";',
    broken: ["house/no-import-cycle"],
  },
  {
    what: "an import from a higher folder",
    file: "src/options/check.ts",
    added: 'import { failureOf } from "../cli/failure.js";',
    broken: ["import-x/no-restricted-paths"],
  },
  {
    what: "a type from a higher folder",
    file: "src/options/check.ts",
    added: 'import type { Table } from "../cli/table.js";',
    broken: ["import-x/no-restricted-paths"],
  },
  {
    what: "an import from a folder of the same layer",
    file: "src/dnsbl/codes.ts",
    added: 'import { BunkernetOptions } from "../bunkernet/options.js";',
    broken: ["import-x/no-restricted-paths"],
  },
];

test("lint refuses upward imports and cycles, of types too, and nothing else", () => {
  const found = lint(CASES).map((broken, index) => ({ what: CASES[index]?.what, broken }));
  expect(found).toEqual(
    CASES.map(({ what, broken }) => ({
      what,
      broken: broken.length === 0 ? [] : (expect.arrayContaining(broken) as string[]),
    })),
  );
}, 120_000);
