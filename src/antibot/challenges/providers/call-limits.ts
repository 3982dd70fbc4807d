import type { Client } from "../../../request/client.js";
import { ProviderFailure } from "./provider-client.js";

/** Checks under way at one time: in all, and for one client (R33). */
const MAX_CALLS = 64;
const MAX_CLIENT_CALLS = 4;

/** Limits the calls to one provider that are under way. */
export class CallLimits {
  private total = 0;
  private readonly byClient = new Map<string, number>();

  /**
   * Runs `call` as one of the client's calls.
   *
   * @throws {ProviderFailure} `busy` when there are too many: `call` is not run
   */
  async run<T>({ key }: Client, call: () => Promise<T>): Promise<T> {
    const own = this.byClient.get(key) ?? 0;
    if (this.total >= MAX_CALLS || own >= MAX_CLIENT_CALLS)
      throw new ProviderFailure("busy", "too many checks under way");
    this.total++;
    this.byClient.set(key, own + 1);
    try {
      return await call();
    } finally {
      this.total--;
      const left = (this.byClient.get(key) ?? 1) - 1;
      if (left === 0) this.byClient.delete(key);
      else this.byClient.set(key, left);
    }
  }
}
