/** What is timed: decisions about requests, and calls that leave this process. */
export type TimedWork = "decision" | "dns" | "vendor" | "store";

/** What became of a request: `gate` = it was for the challenge itself. */
export type RequestOutcome = "pass" | "deny" | "challenge" | "gate";

/** A refusal or a challenge, as its event describes it. */
export interface Refusal {
  readonly protection: string;
  readonly reason: string;
  readonly data: unknown;
}

/** The service of a request and the mode that it was judged in. */
export interface MeteredPlace {
  readonly service: string;
  readonly mode: "block" | "detect";
}

/** The request of a refusal, as far as it is kept. */
export interface MeteredRequest {
  readonly ip: string;
  /** The reference id. */
  readonly id: string;
  readonly method: string;
  readonly path: { readonly path: string; readonly suspicious?: boolean };
  /** Returns a header by its name in lower case. */
  header?(name: string): string | undefined;
}

/** Reads a {@link Meter}. Its methods must not throw. */
export interface MeterReader {
  /**
   * A request has its final outcome. With several middlewares on one store, `isFirst` is `false` for a request that an earlier one
   * has counted as passed.
   */
  requested?(outcome: RequestOutcome, service: string, mode: MeteredPlace["mode"], isFirst: boolean): void;
  /** A request or connection was refused or challenged; in `detect` mode it would have been. */
  refused?(type: "denied" | "challenged", about: Refusal, place: MeteredPlace, request: MeteredRequest): void;
  /** An exemption let a request pass. */
  excused?(why: string): void;
  /** A response has counted as bad; status 0 = a failure told by the app. */
  counted?(status: number, request: MeteredRequest): void;
  /** A challenge was issued at `time` (ms), to be answered within `lifetime` (ms). */
  issued?(kind: string, time: number, lifetime: number): void;
  /** One of some requests that were not exempt, passed or not: about one in 13. */
  sampled?(request: MeteredRequest, isProxy: boolean): void;
  /** The work that `took` is called for. Default: all. */
  readonly works?: readonly TimedWork[];
  /** Work took `ms`; `waited` = the process could do other things meanwhile. `label` says which work it was. */
  took?(work: TimedWork, label: string, ms: number, waited: boolean): void;
}

type RequestReader = MeterReader & Required<Pick<MeterReader, "requested">>;
type TimeReader = MeterReader & Required<Pick<MeterReader, "took">>;

function noTimeReaders(): Readonly<Record<TimedWork, readonly TimeReader[]>> {
  return { decision: [], dns: [], vendor: [], store: [] };
}

/**
 * What metrics need and no event tells, for all middlewares on one store. While nobody reads it, nothing is counted and no clock is
 * asked.
 */
export class Meter {
  /** Whether anybody reads what comes with every request: requests, exemptions, durations. */
  isRead = false;
  /** Whether anybody reads the rest: refusals, counts, challenges, samples. */
  isHeard = false;
  /** Whether anybody reads how long decisions take. */
  isTimed = false;
  private readers: readonly MeterReader[] = [];
  /** The readers of what happens at every request. */
  private requestReaders: readonly RequestReader[] = [];
  private timeReaders: Readonly<Record<TimedWork, readonly TimeReader[]>> = noTimeReaders();

  /** Adds a reader. Returns a function that removes it. */
  add(reader: MeterReader): () => void {
    this.set([...this.readers, reader]);
    return () => this.set(this.readers.filter((one) => one !== reader));
  }

  private set(readers: readonly MeterReader[]): void {
    this.readers = readers;
    this.isHeard = readers.length > 0;
    this.isRead = readers.some((one) => "requested" in one || "excused" in one || "took" in one);
    this.requestReaders = readers.filter((one): one is RequestReader => one.requested !== undefined);
    const timers = readers.filter((one): one is TimeReader => one.took !== undefined);
    const { timeReaders } = this;
    this.timeReaders = Object.fromEntries(
      (Object.keys(timeReaders) as TimedWork[]).map((work) => [
        work,
        timers.filter(({ works }) => works === undefined || works.includes(work)),
      ]),
    ) as unknown as typeof timeReaders;
    this.isTimed = this.timeReaders.decision.length > 0;
  }

  requested(outcome: RequestOutcome, service: string, mode: MeteredPlace["mode"], isFirst: boolean): void {
    for (const reader of this.requestReaders) reader.requested(outcome, service, mode, isFirst);
  }

  refused(type: "denied" | "challenged", about: Refusal, place: MeteredPlace, request: MeteredRequest): void {
    for (const reader of this.readers) reader.refused?.(type, about, place, request);
  }

  excused(why: string): void {
    for (const reader of this.readers) reader.excused?.(why);
  }

  counted(status: number, request: MeteredRequest): void {
    for (const reader of this.readers) reader.counted?.(status, request);
  }

  issued(kind: string, time: number, lifetime: number): void {
    for (const reader of this.readers) reader.issued?.(kind, time, lifetime);
  }

  sampled(request: MeteredRequest, isProxy: boolean): void {
    for (const reader of this.readers) reader.sampled?.(request, isProxy);
  }

  took(work: TimedWork, label: string, ms: number, waited: boolean): void {
    for (const reader of this.timeReaders[work]) reader.took(work, label, ms, waited);
  }

  /** Times work that has just begun, if anybody reads it. Returns the work itself. */
  timed<T extends PromiseLike<unknown>>(work: TimedWork, label: string, running: T): T {
    if (!this.isRead) return running;
    const started = performance.now();
    const over = (): void => this.took(work, label, performance.now() - started, true);
    running.then(over, over);
    return running;
  }
}
