import { randomInt } from "node:crypto";
import type { Address } from "../address/address.js";
import type { DnsClient } from "../dns/dns-client.js";
import { reverseName } from "../dns/reverse-name.js";
import type { Context } from "../engine/context.js";
import { printable } from "../printable.js";
import { ALL_CODES, zoneLabel, type CodeRanges } from "./codes.js";
import { readZoneResponse, type ZoneResponse } from "./zone-response.js";

/** How often a zone is tested, in seconds. */
export const TEST_EVERY = 600;
/** The first pause after a failure, in seconds; doubled each time, up to {@link TEST_EVERY}. */
const FIRST_BACK_OFF = 30;
/** Consecutive errors that suspend a zone. */
const MAX_ERRORS = 10;
/** An error code triggers a test, at most once in this many seconds. */
const SUSPICION_EVERY = 10;

/** The state of one zone. */
export interface ZoneStatus {
  /** Its name, without a customer key. */
  readonly zone: string;
  /** `untested` = its first test is not over; `suspended` = it is not queried. */
  readonly state: "untested" | "good" | "suspended";
  /** Why it is suspended. */
  readonly problem: string | undefined;
  /** Whether it lists IPv6 addresses; `undefined` before the first test. */
  readonly ipv6: boolean | undefined;
  /** When it is tested next. */
  readonly nextTest: Date;
  readonly listed: number;
  readonly clean: number;
  /** Errors by kind: `timeout`, `servfail`, `refused`, `error code`, … */
  readonly errors: Readonly<Record<string, number>>;
}

type AddressWords = Pick<Address, "family" | "words">;

// RFC 5782, 5: 127.0.0.2 is listed and 127.0.0.1 is not; for IPv6 the same two, mapped.
const LISTED_4: AddressWords = { family: 4, words: [0x7f000002] };
const UNLISTED_4: AddressWords = { family: 4, words: [0x7f000001] };
const mapped = ({ words }: AddressWords): AddressWords => ({
  family: 6,
  words: [0, 0, 0xffff, words[0] as number],
});

/**
 * One blocklist: queries it and checks that it works. A zone that fails its self-test or returns only errors is suspended until a
 * test passes.
 */
export class Zone {
  /** Its name, without a customer key. */
  readonly label: string;
  private state: "untested" | "good" | "suspended" = "untested";
  private problem: string | undefined;
  private ipv6: boolean | undefined;
  private errorsInRow = 0;
  private backOff = FIRST_BACK_OFF;
  private nextTest = 0;
  private nextSuspicion = 0;
  private testing: Promise<void> | undefined;
  private readonly counts = { listed: 0, clean: 0 };
  private readonly errors: Record<string, number> = {};

  constructor(
    readonly name: string,
    private readonly accepted: CodeRanges,
    private readonly dns: DnsClient,
    private readonly context: Context,
  ) {
    this.label = zoneLabel(name);
  }

  /** Whether it is queried. */
  get usable(): boolean {
    return this.state !== "suspended";
  }

  /**
   * Queries the zone. A listing counts only if the zone passed its self-test and does not list an address that nobody has: a
   * blocklist that was shut down may list every address.
   *
   * @returns `undefined` if the zone does not support this address family
   */
  async ask(address: Address): Promise<ZoneResponse | undefined> {
    if (address.family === 6) {
      if (this.ipv6 === undefined) await this.test();
      if (this.ipv6 === false) return undefined;
    }
    const answer = await this.query(address, this.accepted);
    const checked = answer.kind === "listed" ? await this.verifyListing(answer, address.family) : answer;
    this.count(checked);
    return checked;
  }

  /** The reason that the zone publishes for a listing, safe for logs. */
  async reason(address: Address): Promise<string | undefined> {
    const answer = await this.dns.resolveTxt(`${reverseName(address)}.${this.name}`);
    if (answer.kind !== "found") return undefined;
    return printable(answer.values[0] as string, 255);
  }

  /** Runs the self-test if it is due. */
  tick(): void {
    if (this.context.now() >= this.nextTest) void this.test();
  }

  /** Runs the self-test; concurrent calls share it. Never rejects. */
  test(): Promise<void> {
    return (this.testing ??= this.selfTest().finally(() => (this.testing = undefined)));
  }

  /** Stops querying the zone until a test passes. */
  suspend(problem: string): void {
    const wasSuspended = this.state === "suspended";
    this.state = "suspended";
    this.problem = problem;
    this.nextTest = this.context.now() + this.backOff * 1000;
    this.backOff = Math.min(TEST_EVERY, this.backOff * 2);
    this.errorsInRow = 0;
    if (wasSuspended) return;
    const data = `${this.label}: ${problem}`;
    this.context.emit("fault", { protection: "dnsbl", reason: "zone suspended", data }, undefined, undefined);
  }

  get status(): ZoneStatus {
    const { label: zone, state, problem, ipv6, counts, errors } = this;
    const nextTest = new Date(this.nextTest);
    return { zone, state, problem, ipv6, nextTest, ...counts, errors: { ...errors } };
  }

  private async query(words: AddressWords, accepted: CodeRanges): Promise<ZoneResponse> {
    const answer = this.dns.resolve4(`${reverseName(words)}.${this.name}`);
    return readZoneResponse(await this.context.meter.timed("dns", this.label, answer), accepted);
  }

  private async selfTest(): Promise<void> {
    const due = this.context.now() >= this.nextTest;
    this.nextTest = this.context.now() + TEST_EVERY * 1000;
    const [listed, unlisted, listed6, unlisted6] = await Promise.all([
      this.query(LISTED_4, ALL_CODES),
      this.query(UNLISTED_4, ALL_CODES),
      this.query(mapped(LISTED_4), ALL_CODES),
      this.query(mapped(UNLISTED_4), ALL_CODES),
    ]);
    if (this.wasNotSent(listed) || this.wasNotSent(unlisted)) return;
    const knows4 = listed.kind === "listed";
    const knows6 = listed6.kind === "listed";
    this.ipv6 = knows6 && unlisted6.kind === "clean";
    if (unlisted.kind === "listed" || unlisted6.kind === "listed")
      this.suspend("lists 127.0.0.1, so probably every address");
    else if (listed.kind === "error") this.suspend(`self-test: ${describe(listed)}`);
    else if (unlisted.kind === "error") this.suspend(`self-test: ${describe(unlisted)}`);
    else if (!knows4 && !knows6)
      this.suspend("does not list 127.0.0.2, so it is not a blocklist or is empty");
    else this.pass(due);
  }

  // The query was not sent, because of a limit or `close()`: not the zone's fault.
  private wasNotSent(answer: ZoneResponse): boolean {
    if (answer.kind !== "error" || !(answer.why === "shed" || answer.why === "cancelled")) return false;
    this.nextTest = this.context.now() + SUSPICION_EVERY * 1000;
    return true;
  }

  private pass(regular: boolean): void {
    const returned = this.state === "suspended";
    this.state = "good";
    this.problem = undefined;
    // Reset only after a regular test of a working zone: an unstable zone gets longer pauses.
    if (regular && !returned) this.backOff = FIRST_BACK_OFF;
    const { logger } = this.context.options;
    if (returned && logger !== false) logger.info("dnsbl_zone_back", `DNSBL: ${this.label} works again`);
  }

  private async verifyListing(answer: ZoneResponse, family: 4 | 6): Promise<ZoneResponse> {
    if (this.state === "untested") await this.test();
    // Random, so that no cache returns an old response.
    const nobody: AddressWords = { family: 4, words: [((127 << 24) | randomInt(0x800000, 0xff0000)) >>> 0] };
    const control = await this.query(family === 4 ? nobody : mapped(nobody), ALL_CODES);
    if (control.kind === "listed") {
      this.suspend("lists an address that nobody has, so probably every address");
      return { kind: "error", why: "not a list answer" };
    }
    if (control.kind === "error") return control;
    return this.usable ? answer : { kind: "error", why: "not a list answer" };
  }

  private count(answer: ZoneResponse): void {
    if (answer.kind !== "error") {
      this.counts[answer.kind]++;
      this.errorsInRow = 0;
      return;
    }
    this.errors[answer.why] = (this.errors[answer.why] ?? 0) + 1;
    // Not the zone's fault.
    if (answer.why === "shed" || answer.why === "cancelled" || !this.usable) return;
    if (++this.errorsInRow >= MAX_ERRORS)
      this.suspend(`${MAX_ERRORS} errors in a row, the last: ${describe(answer)}`);
    else if (answer.code !== undefined && this.context.now() >= this.nextSuspicion) {
      this.nextSuspicion = this.context.now() + SUSPICION_EVERY * 1000;
      void this.test();
    }
  }
}

function describe(answer: Extract<ZoneResponse, { kind: "error" }>): string {
  return answer.code === undefined ? answer.why : `${answer.why} ${answer.code}`;
}
