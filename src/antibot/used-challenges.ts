import type { Client } from "../request/client.js";
import { messageOf, StoreFailure } from "../errors.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { StoreFullError } from "../store/store.js";
import type { SealedChallenge } from "./sealed-challenge.js";

/** Ids remembered here during a store outage. */
const MAX_LOCAL = 50_000;

/** Replay guard: accepts each challenge id once over all instances; during a store outage once on each instance. */
export class UsedChallenges {
  private readonly local = new Map<string, number>();

  constructor(private readonly context: Context) {}

  /**
   * Marks a challenge as used for `ttl` seconds. The key names the client that the challenge was issued to, so that no
   * number of addresses uses it twice.
   */
  async use(
    { id, holder }: SealedChallenge,
    ttl: number,
    client: Client,
    request: RequestView,
  ): Promise<"fresh" | "used" | "full"> {
    const until = this.local.get(id);
    if (until !== undefined && this.context.now() < until) return "used";
    try {
      return (await this.context.store.add(`spent:${holder}|${id}`, "1", ttl)) ? "fresh" : "used";
    } catch (error) {
      if (error instanceof StoreFullError) return "full";
      if (!(error instanceof StoreFailure)) throw error;
      const about = { protection: "antibot", reason: "store", data: messageOf(error) };
      this.context.emit("fault", about, client, request);
      return this.useLocally(id, ttl);
    }
  }

  private useLocally(id: string, ttl: number): "fresh" | "used" | "full" {
    const now = this.context.now();
    // Copies of a request that timed out may arrive at once: only ids that were written here count as used.
    if (this.local.has(id)) return "used";
    if (this.local.size >= MAX_LOCAL) {
      for (const [old, until] of this.local) if (now >= until) this.local.delete(old);
      if (this.local.size >= MAX_LOCAL) return "full";
    }
    this.local.set(id, now + ttl * 1000);
    return "fresh";
  }
}
