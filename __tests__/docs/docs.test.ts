import { readdirSync, readFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { codesOfSources } from "../support/codes.js";

const root = join(__dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}

const PAGES = ["README.md", ...filesBelow("docs", ".md")];

/** The anchors that a page's headings make. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

test("every error and warning code of the sources has its anchor in docs/errors.md, and no other has", () => {
  const codes = codesOfSources();
  const anchors = [...read("docs/errors.md").matchAll(/^## (\S+)$/gm)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(anchors.sort()).toEqual(codes);
});

test.each(PAGES)("the links of %s lead somewhere", (page) => {
  const text = read(page).replace(/```[^]*?```/g, "");
  const broken = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(
    ([, path = "", anchor]) => {
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
    },
  );
  expect(broken.map(([link]) => link)).toEqual([]);
});

test("README's table names every page of docs/", () => {
  const readme = read("README.md");
  expect(filesBelow("docs", ".md").filter((page) => !readme.includes(`(${page})`))).toEqual([]);
});
