import { createRequire } from "node:module";
import { join } from "node:path";
import { withHelp, messageOf } from "./errors.js";

/** Loads a module by name, as `require` does. */
export type Require = (name: string) => unknown;

/** An optional package is needed and cannot be loaded. */
export class OptionalPackageError extends Error {
  readonly code = "ERR_BUNKER_PACKAGE";
  constructor(message: string, options?: ErrorOptions) {
    super(withHelp("ERR_BUNKER_PACKAGE", message), options);
    this.name = "OptionalPackageError";
  }
}

/**
 * Loads an optional package of the app.
 *
 * @param purpose what needs it; the error's message begins with it
 * @param install the packages that the error tells the user to install. Default: `name`
 * @throws {OptionalPackageError} when it is not installed, or when it is installed and fails to load
 */
export function loadPackage(name: string, purpose: string, install = name): unknown {
  return findPackage(name) ?? missingPackage(purpose, install);
}

/**
 * Loads an optional package of the app; `undefined` when it is not installed.
 *
 * @throws {OptionalPackageError} when it is installed and fails to load
 */
export function findPackage(name: string, load: Require = requireFromApp): unknown {
  try {
    return load(name);
  } catch (error) {
    if (isMissing(error, name)) return undefined;
    const [reason] = messageOf(error).split("\n", 1);
    throw new OptionalPackageError(`the package ${name} is installed but fails to load: ${reason}`, {
      cause: error,
    });
  }
}

/** @throws {OptionalPackageError} always: `purpose` needs a package that is not installed */
export function missingPackage(purpose: string, install: string): never {
  throw new OptionalPackageError(`${purpose} needs a package that is not installed: npm install ${install}`);
}

// A package that is installed and lacks a dependency of its own raises the same code with the other name.
function isMissing(error: unknown, name: string): boolean {
  const { code } = error as { code?: unknown };
  return code === "MODULE_NOT_FOUND" && messageOf(error).startsWith(`Cannot find module '${name}'`);
}

function requireFromApp(name: string): unknown {
  const [from, ...others] = startingPoints();
  try {
    return createRequire(from)(name);
  } catch (error) {
    const [next] = others;
    if (next === undefined || !isMissing(error, name)) throw error;
    return createRequire(next)(name);
  }
}

// An app that was bundled into one ES module has no __filename: packages are then those of the main script, or of the
// working directory.
function startingPoints(): [string, ...string[]] {
  if (typeof __filename === "string") return [__filename];
  const here = join(process.cwd(), "index.js");
  const [, script] = process.argv;
  return script === undefined ? [here] : [script, here];
}
