import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { GuardedStore } from "../store/guarded-store.js";

const KEY = "state:dashboard";
/** How long a token is valid, in seconds: as long as a page is open without a reload. */
const LIFETIME = 12 * 3600;

/**
 * Tokens that show that a request comes from a page of ours, since other sites cannot read them. All instances on the store accept them.
 */
export class CsrfTokens {
  private key: Promise<Buffer> | undefined;

  constructor(
    private readonly store: GuardedStore,
    private readonly now: () => number,
  ) {}

  async make(): Promise<string> {
    const until = Math.floor(this.now() / 1000) + LIFETIME;
    return `${until}.${await this.sign(until)}`;
  }

  async isRight(token: unknown): Promise<boolean> {
    const [, until, signature] =
      typeof token === "string" ? (/^(\d{1,12})\.([\w-]{43})$/.exec(token) ?? []) : [];
    if (until === undefined || signature === undefined || Number(until) * 1000 < this.now()) return false;
    const right = await this.sign(Number(until));
    return timingSafeEqual(Buffer.from(right), Buffer.from(signature));
  }

  private async sign(until: number): Promise<string> {
    return createHmac("sha256", await this.secret())
      .update(String(until))
      .digest("base64url");
  }

  // While the store is away, this instance signs alone; the page takes a new token when an old one is refused.
  private secret(): Promise<Buffer> {
    return (this.key ??= this.sharedKey().catch(() => {
      const own = randomBytes(32);
      setTimeout(() => (this.key = undefined), 60_000).unref();
      return own;
    }));
  }

  private async sharedKey(): Promise<Buffer> {
    const own = randomBytes(32).toString("base64url");
    const isOurs = await this.store.add(KEY, own, 0);
    const kept = isOurs ? own : await this.store.get(KEY);
    return Buffer.from(kept ?? own, "base64url");
  }
}

/** Whether a request that reads comes from another site. Browsers that do not tell have no such requests with credentials. */
export function isCrossSite(req: IncomingMessage): boolean {
  const site = req.headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}
