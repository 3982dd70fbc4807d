import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version in package.json, which lies two folders above the compiled file. */
export function packageVersion(): string {
  try {
    const text = readFileSync(join(__dirname, "../../package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return "unknown";
  }
}
