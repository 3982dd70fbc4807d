import { setImmediate } from "node:timers/promises";
import { MemoryStore } from "../../src/store/index.js";
import type { Awaitable, HitOptions, Hits, Namespace, Store, TallyOptions } from "../../src/store/index.js";

/** What becomes of a call: `lost` = it was not carried out, `unanswered` = it was, but the caller is not told. */
export type Fate = "done" | "lost" | "unanswered";

/** A server that several stores share, as instances share Redis. */
export class TallyServer {
  readonly values: MemoryStore;
  readonly counters = new Map<string, Map<string, number>>();
  private readonly calls = new Map<string, number>();
  writes = 0;

  constructor(readonly now: () => number) {
    this.values = new MemoryStore({ now });
  }

  tally(key: string, counts: ReadonlyMap<string, number>, { max, by, call }: TallyOptions): void {
    this.writes++;
    const caller = `${key}|${by}`;
    if ((this.calls.get(caller) ?? 0) >= call) return;
    this.calls.set(caller, call);
    const counters = this.counters.get(key) ?? new Map<string, number>();
    this.counters.set(key, counters);
    for (const [name, by] of counts) {
      const own = counters.has(name) || counters.size < max ? name : (name.split("|")[0] as string);
      counters.set(own, (counters.get(own) ?? 0) + by);
    }
  }
}

/** One instance's connection to a {@link TallyServer}. */
export class TallyClient implements Store {
  problem: string | undefined;
  /** Decides what becomes of the next tally. */
  fate: () => Fate = () => "done";

  constructor(private readonly server: TallyServer) {}

  readonly now = (): number => this.server.now();

  async tally(key: string, counts: ReadonlyMap<string, number>, options: TallyOptions): Promise<void> {
    const fate = this.fate();
    await setImmediate();
    if (fate !== "lost") this.server.tally(key, counts, options);
    if (fate !== "done") throw new Error("no answer");
  }
  async tallies(keys: readonly string[]): Promise<ReadonlyMap<string, number>[]> {
    await setImmediate();
    this.check();
    return keys.map((key) => new Map(this.server.counters.get(key)));
  }
  async get(key: string): Promise<string | undefined> {
    await setImmediate();
    this.check();
    return this.server.values.get(key);
  }
  async set(key: string, value: string, ttl?: number): Promise<void> {
    await setImmediate();
    this.check();
    this.server.writes++;
    this.server.values.set(key, value, ttl);
  }
  async increment(key: string, by: number, ttl: number): Promise<number> {
    await setImmediate();
    this.check();
    this.server.writes++;
    return this.server.values.increment(key, by, ttl);
  }
  ttl(key: string): number | undefined {
    return this.server.values.ttl(key);
  }
  add(key: string, value: string, ttl: number): boolean {
    return this.server.values.add(key, value, ttl);
  }
  hit(key: string, window: number, limit: number, options?: HitOptions): Awaitable<Hits> {
    return this.server.values.hit(key, window, limit, options);
  }
  delete(key: string): boolean {
    return this.server.values.delete(key);
  }
  keys(namespace: Namespace, prefix?: string): AsyncIterable<string> {
    return this.server.values.keys(namespace, prefix);
  }

  private check(): void {
    if (this.problem !== undefined) throw new Error(this.problem);
  }
}
