import type { Client } from "../request/client.js";
import { messageOf, StoreFailure } from "../errors.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { StoreFullError } from "../store/store.js";
import type { SealedChallenge } from "./sealed-challenge.js";

/** Ids remembered here while the store is away. */
const MOST_LOCAL = 50_000;

/** What became of an id that was to be spent. */
export type Spending = "fresh" | "spent" | "full";

/** Spends challenge ids, each once over all instances; while the store is away, once on each instance (R36). */
export class UsedChallenges {
  private readonly local = new Map<string, number>();

  constructor(private readonly context: Context) {}

  /** Spends a challenge for `ttl` seconds: under whom it was issued to, so that no number of addresses spends it twice. */
  async spend(
    { id, holder }: SealedChallenge,
    ttl: number,
    client: Client,
    request: RequestView,
  ): Promise<Spending> {
    const until = this.local.get(id);
    if (until !== undefined && this.context.now() < until) return "spent";
    try {
      return (await this.context.store.add(`spent:${holder}|${id}`, "1", ttl)) ? "fresh" : "spent";
    } catch (error) {
      if (error instanceof StoreFullError) return "full";
      if (!(error instanceof StoreFailure)) throw error;
      this.context.emit(
        "fault",
        { protection: "antibot", reason: "store", data: messageOf(error) },
        client,
        request,
      );
      return this.spendHere(id, ttl);
    }
  }

  private spendHere(id: string, ttl: number): Spending {
    const now = this.context.now();
    // A call that timed out may be asked again at once by its copies: only what was written here counts as spent.
    if (this.local.has(id)) return "spent";
    if (this.local.size >= MOST_LOCAL) {
      for (const [old, until] of this.local) if (now >= until) this.local.delete(old);
      if (this.local.size >= MOST_LOCAL) return "full";
    }
    this.local.set(id, now + ttl * 1000);
    return "fresh";
  }
}
