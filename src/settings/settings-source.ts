import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename, extname } from "node:path";
import { messageOf } from "../errors.js";
import { loadPackage, OptionalPackageError } from "../optional-package.js";
import { environmentOf } from "./compose-file.js";
import { BunkerSettingsError, type SettingProblem } from "./settings-error.js";

/** Where settings come from: `process.env`, an object of names and values, or the path of a file. */
export type SettingsSource = string | Readonly<Record<string, unknown>>;

export interface RawSettings {
  readonly from: string;
  readonly entries: readonly (readonly [name: string, value: unknown])[];
}

/** The maximum sizes of a settings file and of a file with a secret. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_SECRET_BYTES = 64 * 1024;

/** @throws {BunkerSettingsError} when `source` is not a source, or cannot be read */
export function readSource(source: SettingsSource): RawSettings {
  if (typeof source === "string") return readFile(source);
  if (typeof source !== "object" || (source as unknown) === null || Array.isArray(source))
    throw refused("process.env, an object of settings, or a file's path");
  // Object.entries would run getters of whatever this is; a throwing one is a problem like any other.
  try {
    const from = source === process.env ? "the environment" : "the object";
    return { from, entries: Object.entries(source) };
  } catch (error) {
    throw refused(`an object that can be read: ${messageOf(error)}`);
  }
}

/** The text of the file that a `…_FILE` setting names; `undefined` after a problem. */
export function readSecretFile(
  path: string,
  report: (problem: Pick<SettingProblem, "rule">) => void,
): string | undefined {
  try {
    return textOfFile(path, MAX_SECRET_BYTES).replace(/\r?\n$/, "");
  } catch (error) {
    // The system's code only: its message quotes the path, which may be a secret that was given in the wrong place.
    const { code } = error as { code?: unknown };
    const why = typeof code === "string" ? code : messageOf(error);
    report({ rule: `the path of a file that can be read: ${why}` });
    return undefined;
  }
}

function readFile(path: string): RawSettings {
  const read = readerOf(path);
  if (read === undefined)
    throw refused("a path that ends in .yml, .yaml, .json or .env", path, "the argument");
  try {
    return { from: path, entries: read(textOfFile(path, MAX_FILE_BYTES), path) };
  } catch (error) {
    if (error instanceof BunkerSettingsError || error instanceof OptionalPackageError) throw error;
    // The first line only: parsers quote what they stumbled over, which may be a secret.
    throw refused(`a file that can be read: ${firstLine(messageOf(error))}`, path);
  }
}

type Reader = (text: string, path: string) => RawSettings["entries"];

function readerOf(path: string): Reader | undefined {
  const name = basename(path).toLowerCase();
  if (name === "variables.env") return readVariables;
  if (/^\.env(?:\.[\w.-]+)?$/.test(name) || extname(name) === ".env") return readDotenv;
  if (extname(name) === ".json") return readJson;
  return /\.ya?ml$/.test(name) ? readYaml : undefined;
}

/** Reads BunkerWeb's variables.env: one setting per line; quotes and `#` belong to the value. */
function readVariables(text: string): RawSettings["entries"] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.includes("=") && !line.trimStart().startsWith("#"))
    .map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
    });
}

function readDotenv(text: string, path: string): RawSettings["entries"] {
  const { parse } = loadPackage("dotenv", `reading ${path}`) as {
    parse: (text: string) => Record<string, string>;
  };
  return Object.entries(parse(text.replace(/^\uFEFF/, "")));
}

function readJson(text: string, path: string): RawSettings["entries"] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The parser's message quotes the file.
    throw refused("a file of well-formed JSON", path);
  }
  return settingsIn(value, path);
}

function readYaml(text: string, path: string): RawSettings["entries"] {
  const yaml = loadPackage("yaml", `reading ${path}`) as {
    parseDocument(text: string, options: object): { errors: Error[]; warnings: Error[]; toJS(): unknown };
  };
  // Every value as it is written: 1.0 stays 1.0, and no stays no.
  const document = yaml.parseDocument(text, { schema: "failsafe", merge: true });
  // A value that begins with ! is a tag without a value: a secret that would be empty.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw refused(`well-formed YAML: ${withoutQuote(problem)}`, path);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw refused(`well-formed YAML: ${withoutQuote(error)}`, path);
  }
  return settingsIn(value, path);
}

// What the parser stumbled over may be a secret that should have been in quotes; it stands behind a colon.
function withoutQuote(error: unknown): string {
  const line = firstLine(messageOf(error));
  const place = / at line \d+, column \d+/.exec(line)?.[0] ?? "";
  const what = line.replace(/^\w*Error: /, "").replace(place, "");
  return `${(what.split(/[:\\]/, 1)[0] as string).trimEnd()}${place}`;
}

function settingsIn(value: unknown, path: string): RawSettings["entries"] {
  const entries = environmentOf(value);
  if (entries === undefined)
    throw refused("an object of settings, or a compose file with environments", path);
  return entries;
}

// Pipes and devices report size 0 and may never end, so only regular files are read, up to the limit.
function textOfFile(path: string, largest: number): string {
  const file = openSync(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0));
  try {
    if (!fstatSync(file).isFile()) throw new Error("it is not a regular file");
    const bytes = Buffer.alloc(largest + 1);
    let size = 0;
    for (let read = 1; read > 0 && size <= largest; size += read)
      read = readSync(file, bytes, size, bytes.length - size, null);
    if (size > largest) throw new Error(`it is larger than ${largest} bytes`);
    return bytes.toString("utf8", 0, size);
  } finally {
    closeSync(file);
  }
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] as string).slice(0, 200);
}

function refused(rule: string, value?: string, from = value ?? "the argument"): BunkerSettingsError {
  return new BunkerSettingsError([{ setting: "source", value, rule, from }]);
}
