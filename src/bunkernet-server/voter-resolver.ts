import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { prefixOf, rangeOf, type Address } from "../address/address.js";
import type { VoteBy } from "./options.js";

/** The header that an invite token comes in. */
export const TOKEN_HEADER = "x-bunkernet-token";

/** The network that has one vote: IPv4 /24, IPv6 /48. */
export function networkOf(address: Address | undefined): string {
  if (address === undefined) return "unknown";
  return address.family === 4 ? rangeOf(4, address.words, 24).text : prefixOf(address, 48).text;
}

/** Says whose vote a report is. */
export class VoterResolver {
  private readonly operators: ReadonlyMap<string, string>;

  /** @param tokens invite tokens with their operators */
  constructor(
    private readonly voteBy: VoteBy,
    tokens: ReadonlyMap<string, string>,
  ) {
    // Looked up by digest: how long that takes says nothing about a token.
    this.operators = new Map([...tokens].map(([token, operator]) => [digestOf(token), operator]));
  }

  /** Whether only the invited may register and report. */
  get byInvitation(): boolean {
    return this.voteBy === "token";
  }

  /** Who votes; `undefined` = nobody that was invited, or that is known: a connection that was reset has no address left. */
  voterOf(address: Address | undefined, id: string, token: string | undefined): string | undefined {
    if (this.voteBy === "network") return address === undefined ? undefined : networkOf(address);
    return this.voteBy === "id" ? id.toLowerCase() : this.operatorOf(token);
  }

  /** Whom a token belongs to. */
  operatorOf(token: string | undefined): string | undefined {
    return token === undefined || token.length > 256 ? undefined : this.operators.get(digestOf(token));
  }
}

/** The token that a request carries: in its own header, or as a bearer. */
export function tokenOf(req: IncomingMessage): string | undefined {
  const header = req.headers[TOKEN_HEADER];
  if (typeof header === "string") return header;
  return /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
