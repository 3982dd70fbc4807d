import { createHash, randomBytes } from "node:crypto";
import { prefixOf } from "../../address/address.js";
import type { Client, Identity } from "../../request/client.js";
import { RecentMap } from "../../recent-map.js";
import type { PassInfo, RequestView } from "../../request/request-view.js";
import { DEFAULT_SERVICE } from "../../service-name.js";
import type { KeyRing } from "../keys.js";
import type { AntibotResolved } from "../options.js";

/** Everything that is signed with a pass. */
export interface SignedPass extends PassInfo {
  readonly service: string;
  readonly address: string;
  readonly userAgent: string;
  readonly epoch: number;
}

type Fields = [string, number, [string, number][], string, string, number];

// Only a good signature and the bindings that matched are remembered: everything else is checked every time (R16).
interface Verified {
  readonly pass: SignedPass;
  /** The address and the User-Agent that matched last: they need not be cut up and hashed again. */
  identity: Identity | undefined;
  userAgent: string | undefined;
}

/** Issues and checks passes: signed, self-contained, no memory on the server. */
export class PassSigner {
  private readonly verified = new RecentMap<string, Verified>(20_000);

  constructor(
    private readonly keys: KeyRing,
    private readonly options: AntibotResolved,
  ) {}

  /**
   * A new pass, as its cookie holds it.
   *
   * @param solved the solved kinds, with the time of each in ms
   * @param now when it is issued, in ms
   */
  issue(client: Client, request: RequestView, solved: ReadonlyMap<string, number>, now: number): string {
    const fields: Fields = [
      randomBytes(9).toString("base64url"),
      now,
      [...solved],
      this.addressBinding(client),
      this.userAgentBinding(request),
      this.options.epoch,
    ];
    return this.keys.sign("pass", [client.service ?? DEFAULT_SERVICE], JSON.stringify(fields));
  }

  /** The pass in a cookie, if it is valid for this client at `now`; the caller checks bans and kinds. */
  check(cookie: string, client: Client, request: RequestView, now: number): SignedPass | undefined {
    const service = client.service ?? DEFAULT_SERVICE;
    const verified = this.verify(cookie, service);
    if (verified === undefined) return undefined;
    const { pass } = verified;
    if (pass.service !== service || pass.epoch < this.options.epoch) return undefined;
    // The clock of another instance may run a little ahead; a time far in the future is a forgery.
    if (now - pass.issued > this.options.timeValid * 1000 || pass.issued - now > 60_000) return undefined;
    return this.sameAddress(verified, client) && this.sameUserAgent(verified, request)
      ? this.unexpired(pass, now)
      : undefined;
  }

  // Each kind lasts from when it was solved: solving another later prolongs the pass, not the kind.
  private unexpired(pass: SignedPass, now: number): SignedPass {
    const oldest = now - this.options.timeValid * 1000;
    if (pass.kinds.length === 1 || pass.kinds.every((kind) => (pass.solved.get(kind) as number) >= oldest))
      return pass;
    const solved = new Map([...pass.solved].filter(([, at]) => at >= oldest));
    return { ...pass, solved, kinds: [...solved.keys()] };
  }

  private verify(cookie: string, service: string): Verified | undefined {
    const known = this.verified.get(cookie);
    if (known !== undefined) return known;
    const text = cookie.length > 1024 ? undefined : this.keys.verify("pass", [service], cookie);
    if (text === undefined) return undefined;
    const [id, issued, entries, address, userAgent, epoch] = JSON.parse(text) as Fields;
    const solved = new Map(entries);
    const verified: Verified = {
      pass: { id, issued, kinds: [...solved.keys()], solved, address, userAgent, epoch, service },
      identity: undefined,
      userAgent: undefined,
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
    if (checkIp === "exact") return address.text;
    if (address.family === 6) return prefixOf(address, 48).text;
    return address.text.slice(0, address.text.lastIndexOf("."));
  }

  private userAgentBinding(request: RequestView): string {
    if (!this.options.sessions.checkUserAgent) return "";
    return createHash("sha256")
      .update(request.header("user-agent") ?? "")
      .digest("base64url")
      .slice(0, 11);
  }
}
