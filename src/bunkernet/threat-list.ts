import type { AddressSet } from "../address/address-set.js";
import { messageOf } from "../errors.js";
import type { MassCount } from "../engine/mass-count.js";
import type { ActiveClients } from "./active-clients.js";
import type { Api, Outcome } from "./api.js";
import { ListBuilder } from "./list-builder.js";
import type { StateFiles, ListWriter } from "./state-files.js";
import type { BunkernetResolved } from "./options.js";
import type { ExemptAddresses } from "./exempt-addresses.js";

/** Growth is checked only from this many entries. */
const MIN_GROWTH_BASE = 1000;
/** How long a new list is watched, in ms, and after how many denials its share is checked. */
const TRIAL_MS = 3_600_000;
const DENIALS_PER_CHECK = 32;
/** How often a suspended list is checked again, in ms. */
const REVIEW_EVERY_MS = 3_600_000;

const LIST = "ip.list";
const METADATA = "list.json";

/** The state of the list. */
export interface ThreatListStatus {
  /** `none` = there is no list yet, and all clients pass; `suspended` = the newest list is not used, an older one may be in force. */
  readonly state: "none" | "in force" | "suspended";
  /** Entries in force. */
  readonly entries: number;
  /** Entries of the newest list that were not added: invalid, not global, allowed here, or beyond `maxEntries`. */
  readonly refused: number;
  /** Entries of the suspended list. */
  readonly suspended: number;
  /** When it was last known to be current. */
  readonly checked: Date | undefined;
  /** What went wrong at the last attempt. */
  readonly problem: string | undefined;
  /** Its size in memory, in bytes. */
  readonly bytes: number;
}

/** The parts that a {@link ThreatList} uses. */
interface ThreatListParts {
  readonly files: StateFiles | undefined;
  readonly exempt: () => ExemptAddresses;
  readonly active: ActiveClients;
  readonly now: () => number;
  readonly onFailed: (problem: string) => void;
  /** A new list contains a large share of the active clients. */
  readonly onMass: (count: MassCount) => void;
  /** Another list is in force. */
  readonly onChange: () => void;
}

interface LoadedList {
  readonly set: AddressSet;
  readonly sha512: string;
  readonly refused: number;
}

/** The list of BunkerNet: the one in force, and a suspended one that contains too many active clients. */
export class ThreatList {
  /** The addresses in force; `undefined` = no list yet. */
  addresses: AddressSet | undefined;
  private inForce: LoadedList | undefined;
  /** The previous list, while the new one is watched. */
  private previous: LoadedList | undefined;
  private suspended: LoadedList | undefined;
  private checkedAt = 0;
  private trialSince = 0;
  private denials = 0;
  private nextReview = 0;
  private loading: Promise<void> | undefined;
  private syncing: Promise<Outcome<unknown>> | undefined;
  /** Whether the stored list has been read. */
  loaded = false;

  constructor(
    private readonly options: BunkernetResolved,
    private readonly parts: ThreatListParts,
  ) {}

  /** Reads the stored list, once. Never rejects. */
  load(): Promise<void> {
    return (this.loading ??= this.read().finally(() => (this.loaded = true)));
  }

  /** Whether a download is due. A time in the future means that the clock was set back. */
  get isDue(): boolean {
    const age = this.parts.now() - this.checkedAt;
    return age < 0 || age >= this.options.listMaxAge * 1000;
  }

  /** Downloads the list and puts it in force; concurrent calls share one download. Never rejects. */
  sync(api: Api, id: string): Promise<Outcome<unknown>> {
    return (this.syncing ??= this.download(api, id).finally(() => (this.syncing = undefined)));
  }

  /** A client was refused because of the list: checks the share of a new list. */
  denied(): void {
    if (this.trialSince === 0 || ++this.denials % DENIALS_PER_CHECK !== 0) return;
    const now = this.parts.now();
    if (now - this.trialSince > TRIAL_MS) this.endTrial();
    else this.checkShare(now);
  }

  /** Checks a suspended list again. */
  tick(): void {
    const now = this.parts.now();
    if (this.trialSince !== 0 && now - this.trialSince > TRIAL_MS) this.endTrial();
    if (this.suspended === undefined || (now < this.nextReview && this.nextReview - now <= REVIEW_EVERY_MS))
      return;
    this.nextReview = now + REVIEW_EVERY_MS;
    if (this.parts.active.shareListed(this.suspended.set, now, { known: this.inForce?.set }).isMass) return;
    this.putInForce(this.suspended);
    void this.rewrite(false);
  }

  get status(): Omit<ThreatListStatus, "problem"> {
    return {
      state: this.suspended !== undefined ? "suspended" : this.inForce === undefined ? "none" : "in force",
      entries: this.inForce?.set.size ?? 0,
      refused: (this.suspended ?? this.inForce)?.refused ?? 0,
      suspended: this.suspended?.set.size ?? 0,
      checked: this.checkedAt === 0 ? undefined : new Date(this.checkedAt),
      bytes: this.inForce?.set.bytes ?? 0,
    };
  }

  private async read(): Promise<void> {
    const { files } = this.parts;
    if (files === undefined) return;
    const build = new ListBuilder(this.options, this.parts.exempt());
    const about = await files.readList(LIST, async (entries) => {
      await build.take(entries);
    });
    if (about === undefined) return;
    const held = { set: build.set, sha512: about.sha512, refused: build.refused };
    if (about.suspended) this.suspended = held;
    else this.putInForce(held);
    const kept = (await files.readJson(METADATA)) as { sha512?: unknown; checked?: unknown } | undefined;
    if (kept?.sha512 === about.sha512 && typeof kept.checked === "number") this.checkedAt = kept.checked;
  }

  private async download(api: Api, id: string): Promise<Outcome<unknown>> {
    await this.load();
    const before = this.inForce?.set.size ?? 0;
    const { maxGrowth } = this.options;
    const max = maxGrowth === 0 || before < MIN_GROWTH_BASE ? Infinity : before * maxGrowth;
    const build = new ListBuilder(this.options, this.parts.exempt());
    let file: ListWriter | undefined;
    try {
      file = await this.parts.files?.beginList(LIST).catch((error: unknown) => {
        this.parts.onFailed(`the list could not be written: ${messageOf(error)}`);
        return undefined;
      });
      const outcome = await api.list(id, async (entries) => {
        const good = await build.take(entries);
        if (build.set.size > max)
          throw new Error(`the list has grown to more than ${maxGrowth} times its last size`);
        await file?.write(good);
      });
      if (outcome.kind !== "ok") return outcome;
      build.refused += outcome.value.strangers;
      if (build.valid === 0 && build.seen > 0)
        return { kind: "failed", problem: `none of ${build.seen} entries is an address that may be listed` };
      await this.install(build, file);
      file = undefined;
      return outcome;
    } catch (error) {
      return { kind: "failed", problem: messageOf(error) };
    } finally {
      await file?.discard();
    }
  }

  private async install(build: ListBuilder, file: ListWriter | undefined): Promise<void> {
    const sha512 = build.hash.digest("hex");
    this.checkedAt = this.parts.now();
    if (sha512 === (this.suspended ?? this.inForce)?.sha512) {
      await file?.discard();
    } else {
      const held = { set: build.set, sha512, refused: build.refused };
      const share = this.parts.active.shareListed(held.set, this.checkedAt, { known: this.inForce?.set });
      if (share.isMass) this.parts.onMass(share);
      const suspend = share.isMass && this.options.massList === "suspend";
      if (suspend) this.suspend(held);
      else {
        this.previous = this.inForce;
        this.putInForce(held);
        this.trialSince = Math.max(1, this.checkedAt);
        this.denials = 0;
      }
      // If the disk is full, the list is missing only after a restart.
      await file?.commit({ sha512, suspended: suspend }).catch(this.notKept);
    }
    await this.parts.files?.writeJson(METADATA, { sha512, checked: this.checkedAt }).catch(this.notKept);
  }

  // A list that looked right at first may still contain most new clients.
  private checkShare(now: number): void {
    const { inForce: held, previous: before } = this;
    if (held === undefined) return;
    const share = this.parts.active.shareListed(held.set, now, {
      since: this.trialSince,
      known: before?.set,
    });
    if (!share.isMass) return;
    this.endTrial();
    this.parts.onMass(share);
    if (this.options.massList !== "suspend") return;
    this.use(before);
    this.suspend(held);
    void this.rewrite(true);
  }

  private readonly notKept = (error: unknown): void =>
    this.parts.onFailed(`the list could not be kept: ${messageOf(error)}`);

  private endTrial(): void {
    this.trialSince = 0;
    this.previous = undefined;
  }

  private suspend(held: LoadedList): void {
    this.suspended = held;
    this.nextReview = this.parts.now() + REVIEW_EVERY_MS;
  }

  private putInForce(held: LoadedList): void {
    this.suspended = undefined;
    this.use(held);
  }

  private use(held: LoadedList | undefined): void {
    this.inForce = held;
    this.addresses = held?.set;
    this.parts.onChange();
  }

  // Stores the list again with its new state, so that a restart does not change it.
  private async rewrite(suspended: boolean): Promise<void> {
    const { files } = this.parts;
    const held = suspended ? this.suspended : this.inForce;
    if (files === undefined || held === undefined) return;
    try {
      const file = await files.beginList(LIST);
      let lines: string[] = [];
      for (const { text } of held.set.entries()) {
        if (lines.push(text) < 4096) continue;
        await file.write(lines);
        lines = [];
      }
      await file.write(lines);
      await file.commit({ sha512: held.sha512, suspended });
    } catch (error) {
      this.notKept(error);
    }
  }
}
