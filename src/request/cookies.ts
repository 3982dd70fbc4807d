const EQUALS = 61;
const SEMICOLON = 59;
const QUOTE = 34;

/**
 * Returns at most `max` values of the cookies with `name`, in the order of the header, without quotes and not decoded. The time
 * is linear in the header's length. Never throws.
 */
export function readCookies(header: string | undefined, name: string, max = 4): string[] {
  const values: string[] = [];
  if (header === undefined || name === "") return values;
  // Jumping from one occurrence of the name to the next leaves other cookies unread.
  for (let at = header.indexOf(name); at >= 0 && values.length < max;) {
    const equals = skipSpace(header, at + name.length);
    if (header.charCodeAt(equals) !== EQUALS || !startsPair(header, at)) {
      at = header.indexOf(name, at + name.length);
      continue;
    }
    const semicolon = header.indexOf(";", equals);
    const end = semicolon < 0 ? header.length : semicolon;
    values.push(valueBetween(header, equals + 1, end));
    at = header.indexOf(name, end);
  }
  return values;
}

export interface CookieAttributes {
  readonly path?: string | undefined;
  readonly domain?: string | undefined;
  /** Seconds; 0 or less deletes the cookie. */
  readonly maxAge?: number | undefined;
  readonly expires?: Date | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly secure?: boolean | undefined;
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  readonly partitioned?: boolean | undefined;
}

/**
 * Returns the value of a Set-Cookie header (RFC 6265bis). `value` is not encoded.
 *
 * @throws TypeError for characters that a cookie cannot carry, and for attributes that make browsers drop it
 */
export function serializeCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  const { path, domain, maxAge, expires, sameSite } = attributes;
  check(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), "the name must be a token", name);
  check(
    /^[!#-+\--:<-[\]-~]*$/.test(value),
    "the value may not contain space, quote, comma, semicolon, backslash or non-ASCII",
    name,
  );
  check(name.length + value.length <= 4096, "name and value together may have at most 4096 bytes", name);
  checkPrefix(name, attributes);
  let cookie = `${name}=${value}`;
  if (maxAge !== undefined) {
    check(Number.isInteger(maxAge), "Max-Age must be whole seconds", name);
    cookie += `; Max-Age=${maxAge}`;
  }
  if (expires !== undefined) {
    check(!Number.isNaN(expires.getTime()), "Expires must be a valid date", name);
    cookie += `; Expires=${expires.toUTCString()}`;
  }
  if (domain !== undefined) {
    check(
      /^\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(domain) && domain.length <= 255,
      "Domain must be a host name",
      name,
    );
    cookie += `; Domain=${domain}`;
  }
  if (path !== undefined) {
    check(
      /^\/[!-:<-~]*$/.test(path) && path.length <= 1024,
      'Path must start with "/" and be plain ASCII without ";"',
      name,
    );
    cookie += `; Path=${path}`;
  }
  if (attributes.httpOnly === true) cookie += "; HttpOnly";
  if (attributes.secure === true) cookie += "; Secure";
  if (sameSite !== undefined) cookie += `; SameSite=${SAME_SITE[sameSite]}`;
  if (attributes.partitioned === true) cookie += "; Partitioned";
  return cookie;
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

function checkPrefix(name: string, { secure, path, domain, sameSite, partitioned }: CookieAttributes): void {
  const lower = name.toLowerCase();
  if (lower.startsWith("__host-")) {
    check(
      secure === true && path === "/" && domain === undefined,
      "__Host- requires Secure, Path=/ and no Domain",
      name,
    );
  }
  if (lower.startsWith("__secure-")) check(secure === true, "__Secure- requires Secure", name);
  if (sameSite === "none" || partitioned === true) {
    check(secure === true, "SameSite=None and Partitioned require Secure", name);
  }
}

function check(holds: boolean, rule: string, name: string): asserts holds {
  if (!holds) throw new TypeError(`cookie ${JSON.stringify(name)}: ${rule}`);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

// Whether only white space lies between the last ";" (or the start) and this place.
function startsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

function valueBetween(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(header.charCodeAt(start))) start++;
  while (end > start && isSpace(header.charCodeAt(end - 1))) end--;
  if (end - start >= 2 && header.charCodeAt(start) === QUOTE && header.charCodeAt(end - 1) === QUOTE) {
    start++;
    end--;
  }
  return header.slice(start, end);
}
