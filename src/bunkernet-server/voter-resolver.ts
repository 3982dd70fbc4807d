import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { prefixOf, rangeOf, type Address } from "../address/address.js";
import type { VoteBy } from "./options.js";

/** The header with the invite token. */
const TOKEN_HEADER = "x-bunkernet-token";

/** The network that has one vote: IPv4 /24, IPv6 /48. */
export function networkOf(address: Address | undefined): string {
  if (address === undefined) return "unknown";
  return address.family === 4 ? rangeOf(4, address.words, 24).text : prefixOf(address, 48).text;
}

/** Determines which voter a report counts for. */
export class VoterResolver {
  private readonly operators: ReadonlyMap<string, string>;

  /** @param tokens operators by invite token */
  constructor(
    private readonly voteBy: VoteBy,
    tokens: ReadonlyMap<string, string>,
  ) {
    // Looked up by digest, so that timing reveals nothing about a token.
    this.operators = new Map([...tokens].map(([token, operator]) => [digestOf(token), operator]));
  }

  /** Whether registering and reporting need an invite token. */
  get byInvitation(): boolean {
    return this.voteBy === "token";
  }

  /** The voter; `undefined` = no valid token, or no address because the connection was reset. */
  voterOf(address: Address | undefined, id: string, token: string | undefined): string | undefined {
    if (this.voteBy === "network") return address === undefined ? undefined : networkOf(address);
    return this.voteBy === "id" ? id.toLowerCase() : this.operatorOf(token);
  }

  /** The operator of a token. */
  operatorOf(token: string | undefined): string | undefined {
    return token === undefined || token.length > 256 ? undefined : this.operators.get(digestOf(token));
  }
}

/** The token of a request: in its own header, or as a bearer token. */
export function tokenOf(req: IncomingMessage): string | undefined {
  const header = req.headers[TOKEN_HEADER];
  if (typeof header === "string") return header;
  return /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
