import { inspect } from "node:util";
import { zoneLabel } from "../../dnsbl/codes.js";
import { printable } from "../../printable.js";

/** Names of fields that hold secrets where no table of options says so. */
const SECRET = /secret|passw|passphrase|token|credential|auth|cookie|dsn|key$/i;
const MAX_SHOWN = 500;
const MAX_DEPTH = 3;

/** Returns the value of an option as text, without what it may contain that is secret: keys in zones, credentials in URLs. */
export function shownValue(path: string, value: unknown): string {
  if (value === undefined) return "(none)";
  const isZone = path.startsWith("dnsbl.");
  const shown = plain(value, isZone, 0);
  const text = typeof shown === "string" ? shown : JSON.stringify(shown);
  return printable(text, MAX_SHOWN);
}

function plain(value: unknown, isZone: boolean, depth: number): unknown {
  if (typeof value === "string") return withoutSecrets(value, isZone);
  if (typeof value === "function") return "(function)";
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value;
  if (value instanceof RegExp) return String(value);
  if (value instanceof URL) return withoutSecrets(value.href, isZone);
  if (value instanceof Date) return value.toISOString();
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value) || value instanceof Set)
    return [...(value as Iterable<unknown>)].map((one) => plain(one, isZone, depth + 1));
  const isPlain = Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
  const entries =
    value instanceof Map
      ? [...(value as Map<unknown, unknown>)]
      : isPlain
        ? Object.entries(value)
        : undefined;
  const { source, test, size } = value as Readonly<Record<"source" | "test" | "size", unknown>>;
  // A pattern, or a set of addresses.
  if (typeof source === "string" && typeof test === "function") return source;
  if (entries === undefined && typeof size === "number") return size === 0 ? "(none)" : `(${size} entries)`;
  // An object of the app or of another package: what it holds is its own affair.
  if (entries === undefined) return `(${nameOf(value)})`;
  return Object.fromEntries(
    entries.map(([name, one]) => [
      withoutSecrets(typeof name === "string" ? name : inspect(name), isZone),
      typeof name === "string" && SECRET.test(name) ? "(hidden)" : plain(one, isZone, depth + 1),
    ]),
  );
}

function nameOf(value: object): string {
  const { constructor: made } = value as { readonly constructor?: { readonly name?: unknown } };
  return typeof made?.name === "string" && made.name !== "" ? made.name : "an object";
}

function withoutSecrets(text: string, isZone: boolean): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text)) {
    const shown = new URL(text);
    shown.username = "";
    shown.password = "";
    // Tokens of downloads are often in the query.
    if (shown.search !== "") shown.search = "?(hidden)";
    return shown.href;
  }
  return isZone && /^[\w-]+(?:\.[\w-]+)+$/.test(text) ? zoneLabel(text) : text;
}
