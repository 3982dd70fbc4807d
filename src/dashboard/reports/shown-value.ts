import { inspect } from "node:util";
import { zoneLabel } from "../../dnsbl/codes.js";
import { printable } from "../../printable.js";

const MAX_SHOWN = 500;
const MAX_DEPTH = 3;

/** Returns the value of an option as text, without what it may contain that is secret: keys in zones, credentials in URLs. */
export function shownValue(path: string, value: unknown): string {
  if (value === undefined) return "(none)";
  const isZone = path.startsWith("dnsbl.");
  const text =
    typeof value === "string" ? withoutSecrets(value, isZone) : JSON.stringify(plain(value, isZone, 0));
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
  // An object of the app or of another package: what it holds is its own affair.
  if (entries === undefined) return `(${nameOf(value)})`;
  return Object.fromEntries(
    entries.map(([name, one]) => [
      withoutSecrets(typeof name === "string" ? name : inspect(name), isZone),
      plain(one, isZone, depth + 1),
    ]),
  );
}

function nameOf(value: object): string {
  const { constructor: made } = value as { readonly constructor?: { readonly name?: unknown } };
  return typeof made?.name === "string" && made.name !== "" ? made.name : "an object";
}

function withoutSecrets(text: string, isZone: boolean): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text);
    const shown = new URL(url.href);
    shown.username = "";
    shown.password = "";
    // Tokens of downloads are often in the query.
    if (shown.search !== "") shown.search = "?(hidden)";
    return shown.href;
  }
  return isZone && /^[\w-]+(?:\.[\w-]+)+$/.test(text) ? zoneLabel(text) : text;
}
