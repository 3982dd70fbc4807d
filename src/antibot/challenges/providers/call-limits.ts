import type { Client } from "../../../request/client.js";
import { VendorFailure } from "./verify-call.js";

/** Checks under way at one time: in all, and for one client (R33). */
const MOST = 64;
const MOST_A_CLIENT = 4;

/** Bounds the calls to one provider. What is over the bounds is not called at all. */
export class CallLimits {
  private all = 0;
  private readonly byClient = new Map<string, number>();

  /**
   * Runs `call` as one of the client's calls.
   *
   * @throws {VendorFailure} `busy` when there are too many
   */
  async run<T>({ key }: Client, call: () => Promise<T>): Promise<T> {
    const own = this.byClient.get(key) ?? 0;
    if (this.all >= MOST || own >= MOST_A_CLIENT)
      throw new VendorFailure("busy", "too many checks under way");
    this.all++;
    this.byClient.set(key, own + 1);
    try {
      return await call();
    } finally {
      this.all--;
      const left = (this.byClient.get(key) ?? 1) - 1;
      if (left === 0) this.byClient.delete(key);
      else this.byClient.set(key, left);
    }
  }
}
