import { randomBytes } from "node:crypto";
import type ProxyAddr from "proxy-addr";
import { check, type Check } from "../options/check.js";

/** Returns whether hop `index` (0 = the socket's peer) at `address` is a trusted proxy. */
export type TrustFunction = (address: string, index: number) => boolean;

/** The `trustProxy` option: Express's grammar. */
export type TrustProxy = boolean | number | string | readonly string[] | TrustFunction;

export interface Trust {
  readonly trusts: TrustFunction;
  /** Whether it accepts any public address at any depth, so that a client can choose its own. */
  readonly anybody: boolean;
  /** Whether it trusts nothing at all. */
  readonly nobody: boolean;
  /** Whether it accepts any address as the socket's peer, as a number of hops does: then no address shows that it is a proxy's. */
  readonly anyPeer: boolean;
}

/** A trust that trusts nothing. */
export const NOBODY: Trust = { trusts: () => false, anybody: false, nobody: true, anyPeer: false };

export const trustProxyCheck: Check<Trust> = check(
  "true, false, a number of hops, addresses or CIDR ranges (or the names loopback, linklocal and uniquelocal), or a function (address, hop) => boolean",
  (value) => {
    try {
      return compileTrust(value as TrustProxy);
    } catch {
      return undefined;
    }
  },
  (text) => (/^\d+$/.test(text) ? Number(text) : text === "yes" ? true : text === "no" ? false : text),
);

/** Compiles Express's `trust proxy` grammar; throws a TypeError for anything else. */
function compileTrust(value: TrustProxy): Trust {
  if (typeof value === "function") return trustOf(value);
  if (value === true) return { trusts: () => true, anybody: true, nobody: false, anyPeer: true };
  if (value === false) return NOBODY;
  if (typeof value === "number") {
    if (!Number.isInteger(value) || value < 0)
      throw new TypeError("a number of hops is a whole number from 0");
    return {
      trusts: (_address, hop) => hop < value,
      anybody: false,
      nobody: value === 0,
      anyPeer: value > 0,
    };
  }
  const names = typeof value === "string" ? value.split(/[\s,]+/).filter((name) => name !== "") : [...value];
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only this form of the option needs the package
  const { compile } = require("proxy-addr") as typeof ProxyAddr;
  return { trusts: compile(names), anybody: false, nobody: names.length === 0, anyPeer: false };
}

/** The trust that a function means, as far as calls with a few addresses show it. */
export function trustOf(trusts: TrustFunction, nobody = false): Trust {
  return { trusts, anybody: acceptsAny(trusts, 60), nobody, anyPeer: acceptsAny(trusts, 0) };
}

/** Whether an address is trusted as a proxy for what it is, and not only for its place in the chain. */
export function isProxyAddress({ trusts, anybody, anyPeer }: Trust, address: string): boolean {
  return !anybody && (trusts(address, Number.MAX_SAFE_INTEGER) || (!anyPeer && trusts(address, 0)));
}

/** Whether a trust function accepts arbitrary public addresses at a hop. */
function acceptsAny(trusts: TrustFunction, hop: number): boolean {
  try {
    return Array.from({ length: 4 }, () => trusts(randomPublicAddress(), hop)).every(Boolean);
  } catch {
    return false;
  }
}

function randomPublicAddress(): string {
  const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4);
  // 20–99 holds the old class A of public networks only.
  return `${20 + (a % 80)}.${b}.${c}.${d}`;
}
