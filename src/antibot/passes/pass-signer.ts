import { createHash } from "node:crypto";
import { networkOf } from "../../address/address.js";
import type { Context } from "../../engine/context.js";
import type { Grounds } from "../../engine/protection.js";
import { HOUR_MS } from "../../events/active-warnings.js";
import { RecentMap } from "../../recent-map.js";
import type { Client, Identity } from "../../request/client.js";
import type { PassInfo, RequestView } from "../../request/request-view.js";
import { DEFAULT_SERVICE } from "../../service-name.js";
import type { GateCrypto } from "../gate-crypto.js";
import type { AntibotResolved } from "../options.js";

/** After which part of its life a pass is renewed. */
export const RENEWED_AFTER = 0.5;

/** How far the clock of another instance may run ahead, in ms. */
const MAX_AHEAD_MS = 60_000;

/** Everything that is signed with a pass. */
interface SignedPass extends PassInfo {
  readonly service: string;
  readonly address: string;
  readonly userAgent: string;
  readonly epoch: number;
}

type Fields = [string, number, [string, number][], string, string, number];

/**
 * A pass with a good signature, and the bindings that matched. Nothing else is remembered: the rest is checked every time, or
 * holds until {@link Verified.until}.
 */
export interface Verified extends Grounds {
  readonly pass: SignedPass;
  /** Until when, in ms, nothing changes by age alone: the pass and all its kinds are valid, and it is not renewed. */
  readonly until: number;
  /** The address and the User-Agent that matched last: they need not be cut up and hashed again. */
  identity: Identity | undefined;
  userAgent: string | undefined;
  /** The client that showed the pass last; the index of bans has been told of it. */
  shownBy: Identity | undefined;
}

/** Issues and checks passes: signed, self-contained, no memory on the server. */
export class PassSigner {
  /** How many passes were known to be signed by us, and how many were checked. */
  hits = 0;
  misses = 0;
  private readonly verified = new RecentMap<string, Verified>(20_000);

  constructor(
    private readonly context: Context,
    private readonly crypto: GateCrypto,
    private readonly options: AntibotResolved,
  ) {}

  /** A pass, as its cookie holds it. `solved` has the time at which each kind was solved, in ms, as `now` is. */
  issue(
    client: Client,
    request: RequestView,
    { id, solved, now }: { id: string; solved: ReadonlyMap<string, number>; now: number },
  ): string {
    const fields: Fields = [
      id,
      now,
      [...solved],
      this.addressBinding(client),
      this.userAgentBinding(request),
      this.options.epoch,
    ];
    return this.crypto.keys.sign("pass", [client.service ?? DEFAULT_SERVICE], JSON.stringify(fields));
  }

  /** The pass in a cookie, if it is valid for this client at `now`; the caller checks its kinds. */
  check(cookie: string, client: Client, request: RequestView, now: number): Verified | undefined {
    const service = client.service ?? DEFAULT_SERVICE;
    const verified = this.verify(cookie, service);
    if (verified === undefined) return undefined;
    const { pass } = verified;
    if (pass.service !== service || pass.epoch < this.options.epoch) return undefined;
    if (now - pass.issued > this.options.timeValid * 1000) return undefined;
    // The clock of another instance may run a little ahead.
    if (pass.issued - now > MAX_AHEAD_MS) {
      this.warnOfClock(pass.issued - now);
      return undefined;
    }
    if (!this.sameAddress(verified, client) || !this.sameUserAgent(verified, request)) return undefined;
    if (this.isVoid(verified, client)) return undefined;
    if (verified.shownBy !== client.identity) {
      verified.shownBy = client.identity;
      this.context.banIndex.revoked.shown(client, pass);
    }
    return verified;
  }

  /** Whether a ban has voided a pass for this client, or for everybody. */
  isVoid({ pass }: Verified, client: Client): boolean {
    const { banIndex } = this.context;
    return banIndex.voids(client, client.service, pass.issued) || banIndex.revoked.has(pass.id);
  }

  /** The pass with the kinds that count at `now`: each lasts from when it was solved, and solving another prolongs only the pass. */
  at({ pass }: Verified, now: number): SignedPass {
    const oldest = now - this.options.timeValid * 1000;
    if (pass.kinds.length === 1 || pass.kinds.every((kind) => (pass.solved.get(kind) as number) >= oldest))
      return pass;
    const solved = new Map([...pass.solved].filter(([, at]) => at >= oldest));
    return { ...pass, solved, kinds: [...solved.keys()] };
  }

  // Only an instance with our secret can have issued it.
  private warnOfClock(ahead: number): void {
    this.context.events.warn(
      "WRN_BUNKER_CLOCK",
      `a visitor brought a valid pass that was issued ${Math.round(ahead / 1000)} s in the future: the clock of this machine is behind, or that of another instance ahead; set both (NTP). Until then such passes are refused here`,
      "",
      { level: "alarm", lasts: HOUR_MS },
    );
  }

  /** The pass in a cookie that we signed and that is not too old, whoever it was issued to. */
  read(cookie: string, { service = DEFAULT_SERVICE }: Client, now: number): SignedPass | undefined {
    const pass = this.verify(cookie, service)?.pass;
    return pass === undefined || now - pass.issued > this.options.timeValid * 1000 ? undefined : pass;
  }

  private verify(cookie: string, service: string): Verified | undefined {
    const known = this.verified.get(cookie);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    this.misses++;
    const text = cookie.length > 1024 ? undefined : this.crypto.keys.verify("pass", [service], cookie);
    if (text === undefined) return undefined;
    const [id, issued, entries, address, userAgent, epoch] = JSON.parse(text) as Fields;
    const solved = new Map(entries);
    const { timeValid, renew } = this.options;
    const verified: Verified = {
      pass: { id, issued, kinds: [...solved.keys()], solved, address, userAgent, epoch, service },
      until: Math.min(issued, ...solved.values()) + timeValid * (renew ? RENEWED_AFTER : 1) * 1000,
      identity: undefined,
      userAgent: undefined,
      shownBy: undefined,
    };
    this.verified.set(cookie, verified);
    return verified;
  }

  private sameAddress(verified: Verified, client: Client): boolean {
    if (this.options.sessions.checkIp === false || verified.identity === client.identity) return true;
    if (verified.pass.address !== this.addressBinding(client)) return false;
    verified.identity = client.identity;
    return true;
  }

  private sameUserAgent(verified: Verified, request: RequestView): boolean {
    if (!this.options.sessions.checkUserAgent) return true;
    const header = request.header("user-agent") ?? "";
    if (verified.userAgent === header) return true;
    if (verified.pass.userAgent !== this.userAgentBinding(request)) return false;
    // Longer ones are hashed each time: the client must not choose how much memory a cookie takes.
    if (header.length <= 512) verified.userAgent = header;
    return true;
  }

  // Short enough for a cookie: it need only differ, since the signature protects it.
  private addressBinding({ address, ip }: Client): string {
    const { checkIp } = this.options.sessions;
    if (checkIp === false) return "";
    if (address === undefined) return ip;
    return checkIp === "exact" ? address.text : networkOf(address);
  }

  private userAgentBinding(request: RequestView): string {
    if (!this.options.sessions.checkUserAgent) return "";
    return createHash("sha256")
      .update(request.header("user-agent") ?? "")
      .digest("base64url")
      .slice(0, 11);
  }
}
