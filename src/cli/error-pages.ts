import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The sections of docs/errors.md, which the package holds, by their codes. A section is a list of paragraphs. */
export function errorPages(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(__dirname, "../../docs/errors.md"), "utf8");
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [code, ...paragraphs] = section.trim().split(/\n{2,}/) as [string, ...string[]];
      return [code, paragraphs.map(plainText)];
    }),
  );
}

// Links name pages of docs/, which are read in the repository.
function plainText(paragraph: string): string {
  return paragraph.replace(/\s+/g, " ").replace(/\[[^\]]+\]\(([\w-]+\.md)[^)]*\)/g, "docs/$1");
}
