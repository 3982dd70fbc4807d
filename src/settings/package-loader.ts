import { createRequire } from "node:module";
import { withHelp } from "../errors.js";

const load = createRequire(__filename);

/**
 * Loads the package that reads a kind of file.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE`, naming the package, when it is not installed
 */
export function loadReader(name: "yaml" | "dotenv", file: string): unknown {
  try {
    return load(name) as unknown;
  } catch (error) {
    // Absent is one thing; a package that is there and broken must say so itself.
    const { code, message } = error as { code?: string; message?: string };
    if (code !== "MODULE_NOT_FOUND" || message?.includes(`'${name}'`) !== true) throw error;
    throw Object.assign(
      new Error(
        withHelp(
          "ERR_BUNKER_PACKAGE",
          `reading ${file} needs a package that is not installed: npm install ${name}`,
        ),
      ),
      { code: "ERR_BUNKER_PACKAGE" },
    );
  }
}
