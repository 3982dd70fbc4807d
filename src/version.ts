import { readFileSync } from "node:fs";
import { join } from "node:path";

let known: string | undefined;

/** The version in package.json, which is one folder above the compiled file; "unknown" in an app that is bundled into one file. */
export function packageVersion(): string {
  return (known ??= readVersion());
}

function readVersion(): string {
  try {
    const text = readFileSync(join(__dirname, "../package.json"), "utf8");
    const { name, version } = JSON.parse(text) as { name: string; version: string };
    return name === "express-bunker" ? version : "unknown";
  } catch {
    return "unknown";
  }
}
