import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = join(__dirname, "../../src");

/** Returns every error and warning code in the sources, sorted. */
export function codesOfSources(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const codes = files.flatMap(
    (file) => readFileSync(join(SOURCES, file), "utf8").match(/\b(?:ERR|WRN)_BUNKER(?:_[A-Z]+)+\b/g) ?? [],
  );
  return [...new Set(codes)].sort();
}
