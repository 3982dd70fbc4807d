import type { Candidate } from "../harness/stand.js";
import { clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import { PARTS } from "../servers/mount-stack.js";

/** A server whose cost is measured. */
export interface Step extends Candidate {
  /** The step that has one thing less; the first step has none. */
  readonly above?: string;
}

/** The step that all others are compared with. */
export const BASE = "empty middleware";
/** The step with all protections. */
export const WHOLE = "whole stack: + BunkerNet, a million entries";
/** The step with helmet. */
export const HELMET = "helmet";

const BANS = "bans only";
const ADDED = ["+ Bad Behavior", "+ gate, with a pass", "+ DNSBL, cached", WHOLE];

/** All steps; each step of our own adds one protection to the step before it. */
export const STEPS: readonly Step[] = [
  { name: BASE, server: "empty-middleware" },
  { name: "one close listener", server: "close-listener", above: BASE },
  { name: HELMET, server: "helmet", above: BASE },
  { name: "express-rate-limit", server: "express-rate-limit", above: BASE },
  { name: "rate-limiter-flexible", server: "rate-limiter-flexible", above: BASE },
  { name: BANS, server: "stack", above: BASE },
  ...ADDED.map((name, index) => {
    const args = PARTS.slice(0, index + 1);
    return {
      name,
      server: "stack",
      args,
      above: ADDED[index - 1] ?? BANS,
      ...(args.includes("gate") && {
        clients: (origin: string) => clientsWithPasses(origin, ADDRESSES),
      }),
    };
  }),
];
