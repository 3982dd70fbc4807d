import { randomBytes } from "node:crypto";
import type { Client, Identity } from "../../request/client.js";
import { RecentMap } from "../../recent-map.js";
import type { PassInfo, RequestView } from "../../request/request-view.js";
import { addressBinding, userAgentBinding, type BindingRules } from "./binding.js";
import type { KeyRing } from "../keys.js";

/** What a pass says, as signed. */
export interface SignedPass extends PassInfo {
  readonly service: string;
  readonly address: string;
  readonly userAgent: string;
  readonly epoch: number;
}

/** How passes are made and judged. */
export interface PassRules extends BindingRules {
  /** Seconds a pass lasts. */
  readonly timeValid: number;
  /** Passes of a lower epoch are void. */
  readonly epoch: number;
}

// A signature once found good stays good, and so do the bindings of what was compared: nothing else is remembered (R16).
interface Verified {
  readonly pass: SignedPass;
  /** The address and the User-Agent that were compared last and fitted: they need not be cut up and hashed again. */
  identity: Identity | undefined;
  userAgent: string | undefined;
}

/** Issues and checks passes: signed, self-contained, no memory on the server. */
export class PassSigner {
  private readonly verified = new RecentMap<string, Verified>(20_000);

  constructor(
    private readonly keys: KeyRing,
    private readonly rules: PassRules,
  ) {}

  /** A new pass, as its cookie carries it. */
  issue(
    client: Client,
    request: RequestView,
    service: string,
    solved: ReadonlyMap<string, number>,
    now: number,
  ): string {
    const fields = [
      randomBytes(9).toString("base64url"),
      now,
      [...solved],
      addressBinding(this.rules, client),
      userAgentBinding(this.rules, request),
      this.rules.epoch,
    ];
    return this.keys.sign("pass", [service], JSON.stringify(fields));
  }

  /** The pass in a cookie, when it is good for this client now; bans, kinds and services in force are the gate's to check. */
  check(
    cookie: string,
    client: Client,
    request: RequestView,
    service: string,
    now: number,
  ): SignedPass | undefined {
    const known = this.read(cookie, service);
    if (known === undefined) return undefined;
    const { pass } = known;
    if (pass.service !== service || pass.epoch < this.rules.epoch) return undefined;
    // A clock that runs a little ahead on another instance is no forgery; one from far in the future is.
    if (now - pass.issued > this.rules.timeValid * 1000 || pass.issued - now > 60_000) return undefined;
    return this.sameAddress(known, client) && this.sameUserAgent(known, request)
      ? this.unexpired(pass, now)
      : undefined;
  }

  // Each kind lasts from when it was solved; what was solved later keeps the pass, not the kind.
  private unexpired(pass: SignedPass, now: number): SignedPass {
    const oldest = now - this.rules.timeValid * 1000;
    if (pass.kinds.length === 1 || pass.kinds.every((kind) => (pass.solved.get(kind) as number) >= oldest))
      return pass;
    const solved = new Map([...pass.solved].filter(([, at]) => at >= oldest));
    return { ...pass, solved, kinds: [...solved.keys()] };
  }

  private read(cookie: string, service: string): Verified | undefined {
    const known = this.verified.get(cookie);
    if (known !== undefined) return known;
    const text = cookie.length > 1024 ? undefined : this.keys.verify("pass", [service], cookie);
    if (text === undefined) return undefined;
    const [id, issued, entries, address, userAgent, epoch] = JSON.parse(text) as [
      string,
      number,
      [string, number][],
      string,
      string,
      number,
    ];
    const solved = new Map(entries);
    const verified: Verified = {
      pass: { id, issued, kinds: [...solved.keys()], solved, address, userAgent, epoch, service },
      identity: undefined,
      userAgent: undefined,
    };
    this.verified.set(cookie, verified);
    return verified;
  }

  private sameAddress(known: Verified, client: Client): boolean {
    if (this.rules.checkIp === false || known.identity === client.identity) return true;
    if (known.pass.address !== addressBinding(this.rules, client)) return false;
    known.identity = client.identity;
    return true;
  }

  private sameUserAgent(known: Verified, request: RequestView): boolean {
    if (!this.rules.checkUserAgent) return true;
    const header = request.header("user-agent") ?? "";
    if (known.userAgent === header) return true;
    if (known.pass.userAgent !== userAgentBinding(this.rules, request)) return false;
    // Longer ones are hashed each time rather than kept: what a cookie costs in memory must not be the client's to choose.
    if (header.length <= 512) known.userAgent = header;
    return true;
  }
}
