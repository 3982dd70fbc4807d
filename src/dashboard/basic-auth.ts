import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ServerResponse } from "node:http";
import { check } from "../options/check.js";
import { allProblemsAtOnce, readOptions, type AnyTable } from "../options/table.js";
import { RecentMap } from "../recent-map.js";
import { addressOf } from "./operator-address.js";
import type { Authorize } from "./options.js";

/** Options of {@link basicAuth}. */
export interface BasicAuthOptions {
  /** The passwords by the names of users, both without control characters. Names have no colon. Required. */
  users: Readonly<Record<string, string>>;
  /** The clock, in ms. Default `Date.now`. */
  now?: () => number;
}

/** Wrong passwords from one address before it has to wait. */
const FREE_FAILURES = 5;
/** The longest wait, in seconds. */
const MAX_WAIT = 60;
/** For how long failures are remembered, in ms. */
const FORGET_MS = 900_000;
/** The number of addresses that are remembered. */
const MAX_ADDRESSES = 10_000;
/** Wrong passwords of all addresses that have never signed in, before they have to wait; one more is forgotten each second. */
const MAX_FAILURES = 300;
/** Names and passwords are at most so long together, in bytes. */
const MAX_CREDENTIALS = 512;
/** Longer headers are wrong. */
const MAX_HEADER = 1024;

const usersCheck = check<ReadonlyMap<string, string>>(
  `an object of at least one name (without a colon) and its password, without control characters and together at most ${MAX_CREDENTIALS} bytes`,
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const users = new Map<string, string>();
    for (const [name, password] of Object.entries(value as Record<string, unknown>)) {
      if (typeof password !== "string" || name === "" || password === "" || name.includes(":"))
        return undefined;
      const credentials = `${name}:${password}`;
      // Such as the line feed at the end of a file: no browser sends it.
      if (/[\u0000-\u001f\u007f]/.test(credentials)) return undefined;
      if (Buffer.byteLength(credentials) > MAX_CREDENTIALS) return undefined;
      users.set(name, password);
    }
    return users.size === 0 ? undefined : users;
  },
);

const table = {
  users: {
    check: usersCheck,
    default: undefined,
    secret: true,
    help: "The passwords by the names of users.",
  },
  now: {
    check: check<() => number>("a function () => ms", (value) =>
      typeof value === "function" ? (value as () => number) : undefined,
    ),
    default: () => Date.now,
    help: "The clock, in ms.",
  },
} satisfies AnyTable;

/**
 * Returns a check for `dashboard({ authorize })` that asks for a name and a password (HTTP Basic, RFC 7617): 401 without the right ones.
 * They are compared in constant time. After five wrong ones within 15 minutes an address has to wait before each further attempt, at most 60
 * seconds (429); so have all addresses that never had the right one after 300, while more than one a second comes. A request without credentials is no attempt. Browsers send the password with each request, so serve it by HTTPS only.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 * @example dashboard({ bunker: guard, authorize: basicAuth({ users: { admin: process.env.DASHBOARD_PASSWORD } }) });
 */
export function basicAuth(options: BasicAuthOptions): Authorize {
  const { users, now } = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    if ((options as Partial<BasicAuthOptions> | undefined)?.users === undefined)
      report({ path: "users", value: undefined, allowed: usersCheck.allowed });
    return read;
  });
  const passwords = new Passwords(users ?? new Map<string, string>());
  const attempts = new Attempts(now);
  return (req, res) => {
    const { authorization } = req.headers;
    if (authorization === undefined) return refuse(res, 401);
    const address = addressOf(req);
    const proof = passwords.proofOf(authorization);
    // A browser that is signed in is not locked out by others who share its address.
    if (attempts.isKnown(address, proof) && passwords.has(proof)) return true;
    const wait = attempts.waitOf(address);
    if (wait > 0) return refuse(res, 429, wait);
    if (passwords.has(proof)) {
      attempts.succeeded(address, proof);
      return true;
    }
    attempts.failed(address);
    return refuse(res, 401);
  };
}

function refuse(res: ServerResponse, status: 401 | 429, wait = 0): false {
  const body = status === 401 ? "a name and a password are needed\n" : "too many wrong passwords\n";
  res.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...(status === 401
      ? { "WWW-Authenticate": 'Basic realm="express-bunker", charset="UTF-8"' }
      : { "Retry-After": String(wait) }),
  });
  res.end(body);
  return false;
}

/** Compares in constant time, whatever is known or sent: proofs are hashes with a key of this process. */
class Passwords {
  private readonly key = randomBytes(32);
  private readonly right: readonly Buffer[];

  constructor(users: ReadonlyMap<string, string>) {
    this.right = [...users].map(([name, password]) => this.hash(`${name}:${password}`));
  }

  proofOf(authorization: string): Buffer {
    const [, encoded] = /^Basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(authorization.slice(0, MAX_HEADER)) ?? [];
    return this.hash(encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8"));
  }

  has(proof: Buffer): boolean {
    let found = false;
    for (const one of this.right) found = timingSafeEqual(one, proof) || found;
    return found;
  }

  // The same letter may be typed as one character or as two.
  private hash(text: string): Buffer {
    return createHmac("sha256", this.key).update(text.normalize("NFC")).digest();
  }
}

interface Attempt {
  readonly failures: number;
  /** In ms. */
  readonly last: number;
}

/** Wrong passwords by address and of all addresses, and the proofs that were right. */
class Attempts {
  private readonly failures = new RecentMap<string, Attempt>(MAX_ADDRESSES);
  private readonly proofs = new RecentMap<string, true>(MAX_ADDRESSES);
  private readonly signedIn = new RecentMap<string, true>(MAX_ADDRESSES);
  private readonly strangers: { failures: number; since: number };

  constructor(private readonly now: () => number) {
    this.strangers = { failures: 0, since: now() };
  }

  isKnown(address: string, proof: Buffer): boolean {
    return this.proofs.get(pairOf(address, proof)) === true;
  }

  /** How long the address has to wait, in seconds. */
  waitOf(address: string): number {
    const { failures, last } = this.recent(address);
    if (failures < FREE_FAILURES) return this.areManyWrong(address) ? 1 : 0;
    const wait = Math.min(MAX_WAIT, 2 ** (failures - FREE_FAILURES));
    return Math.max(0, Math.ceil(last / 1000 + wait - this.now() / 1000));
  }

  failed(address: string): void {
    const { failures } = this.recent(address);
    this.failures.set(address, { failures: Math.min(failures + 1, 100), last: this.now() });
    if (this.signedIn.get(address) === undefined) this.strangers.failures++;
  }

  succeeded(address: string, proof: Buffer): void {
    this.failures.delete(address);
    this.signedIn.set(address, true);
    this.proofs.set(pairOf(address, proof), true);
  }

  // Somebody may guess from many addresses, a few times from each.
  private areManyWrong(address: string): boolean {
    const { strangers } = this;
    const seconds = Math.floor(Math.abs(this.now() - strangers.since) / 1000);
    if (seconds > 0) {
      strangers.failures = Math.max(0, strangers.failures - seconds);
      strangers.since = this.now();
    }
    return strangers.failures >= MAX_FAILURES && this.signedIn.get(address) === undefined;
  }

  private recent(address: string): Attempt {
    const known = this.failures.get(address);
    const age = known === undefined ? Infinity : this.now() - known.last;
    return known === undefined || age > FORGET_MS || age < -FORGET_MS ? { failures: 0, last: 0 } : known;
  }
}

function pairOf(address: string, proof: Buffer): string {
  return `${address} ${proof.toString("base64")}`;
}
