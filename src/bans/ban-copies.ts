import type { Address, AddressRange } from "../address/address.js";
import type { BanKind } from "./ban.js";
import { BanTable, NONE } from "./ban-table.js";
import type { BanCopy, FoundBan } from "./found-ban.js";
import { SharedTexts } from "./shared-texts.js";

/** Stands for every service in a search. */
export const ANY_SERVICE = "*";

/** The number of the global scope. */
const GLOBAL = 0;
const MAX_SERVICES = 10_000_000;
/** Reasons beyond this number, or longer than this, are read from the store. */
const MAX_REASONS = 4096;
const MAX_REASON_LENGTH = 256;
/** From this many rows on, marks of bans that are over are dropped early. */
const MAX_ROWS = 2_000_000;
/** The maximum number of clients that are held because the store has no room for their bans. */
const MAX_HELD = 100_000;
/** Rows that each write checks, so that old ones are removed. */
const SWEPT_PER_WRITE = 4;
/** Rows that one slice of a walk over the whole table looks at: less than a millisecond. */
const SLICE_ROWS = 8192;

// Flags of a row, beside those of the table.
const CHALLENGE = 0x200;
/** Only the mark of a ban that is over. */
const OVER = 0x400;
const KINDS: readonly BanKind[] = ["single", "automatic", "merged", "held"];
const KIND_SHIFT = 11;
const KIND = 3 << KIND_SHIFT;
/** In which reading of the store the row was seen last. */
const SEEN_SHIFT = 13;
const SEEN = 3 << SEEN_SHIFT;
const OWN_FLAGS = CHALLENGE | OVER | KIND | SEEN;

/** The bans that a process knows, and marks of those that are over: about 60 bytes each, whatever their evidence. */
export class BanCopies {
  /** The clock, in ms. */
  now: () => number = Date.now;
  private readonly table = new BanTable();
  private readonly services = new SharedTexts(MAX_SERVICES);
  private readonly reasons = new SharedTexts(MAX_REASONS);
  private held = 0;
  /** Which reading of the store it is: 1–3. */
  private reading = 1;
  private swept = 0;

  get size(): number {
    return this.table.size;
  }

  /**
   * Returns the row of a ban in force for an address; the service's own comes first, then the global one. With the time `issued`
   * (ms) instead of `NaN`: of a ban that began later, even if it is over. `key` is the prefix that bans of the client have.
   */
  search(address: Address, key: string, service: string | undefined, issued: number): number {
    const lengths = this.table.lengthsOf(address.family);
    if (lengths.length === 0) return NONE;
    const now = this.now();
    const number = service === undefined ? GLOBAL : (this.services.numberOf(service) ?? GLOBAL);
    const wanted = service === ANY_SERVICE ? NONE : number;
    if (lengths.length > 1 && address.family === 6) {
      // The client's own prefix comes before a single address in it.
      const slash = key.indexOf("/");
      const row = slash < 0 ? NONE : this.look(address, Number(key.slice(slash + 1)), wanted, now, issued);
      if (row !== NONE) return row;
    }
    for (let index = 0; index < lengths.length; index++) {
      const row = this.look(address, lengths[index] as number, wanted, now, issued);
      if (row !== NONE) return row;
    }
    return NONE;
  }

  /** Returns the row of exactly this subject and service, even if the ban is over. */
  rowOf(range: AddressRange, service: string | undefined): number {
    const number = service === undefined ? GLOBAL : this.services.numberOf(service);
    return number === undefined ? NONE : this.table.find(range, number);
  }

  inForce(row: number): boolean {
    return this.matches(row, this.now(), NaN);
  }

  began(row: number): number {
    return this.table.rows.began(row);
  }

  ends(row: number): number {
    return this.table.rows.ends(row);
  }

  /** Describes the ban of a row. */
  describe(row: number): FoundBan {
    const { rows } = this.table;
    const flags = rows.flags(row);
    const subject = this.table.subjectOf(row);
    let range: AddressRange | undefined;
    return {
      // Its text takes longer than all else, and refusals do not need it.
      get range() {
        return (range ??= subject());
      },
      service: this.services.textOf(rows.service(row)),
      action: (flags & CHALLENGE) === 0 ? "deny" : "challenge",
      reason: this.reasons.textOf(rows.reason(row)),
      kind: KINDS[(flags & KIND) >> KIND_SHIFT] as BanKind,
      began: rows.began(row),
      ends: rows.ends(row),
    };
  }

  /** Writes a ban; `known` is its row, if it has one. */
  write(range: AddressRange, service: string | undefined, copy: BanCopy, known: number, now: number): void {
    const row = known === NONE ? this.newRow(range, service) : known;
    const { rows } = this.table;
    const reason = copy.reason.length > MAX_REASON_LENGTH ? 0 : this.reasons.take(copy.reason);
    this.reasons.release(rows.reason(row));
    rows.setReason(row, reason);
    rows.setTimes(row, copy);
    const kind = KINDS.indexOf(copy.kind) << KIND_SHIFT;
    this.setFlags(row, kind | (copy.action === "challenge" ? CHALLENGE : 0) | (this.reading << SEEN_SHIFT));
    this.sweep(now);
  }

  /** Writes the mark of a ban that is over, unless the ban is known. */
  writeMark(range: AddressRange, service: string | undefined, began: number, voidUntil: number): void {
    const known = this.rowOf(range, service);
    const { rows } = this.table;
    if (known !== NONE) {
      const times = { ends: rows.ends(known), voidUntil: Math.max(voidUntil, rows.voidUntil(known)) };
      rows.setTimes(known, { began: Math.max(began, rows.began(known)), ...times });
      return;
    }
    this.sweep(this.now());
    const row = this.newRow(range, service);
    rows.setTimes(row, { began, ends: 0, voidUntil });
    this.setFlags(row, OVER | (this.reading << SEEN_SHIFT));
  }

  /** Shortens a ban to some seconds, which its client is held for; without room for it, removes it. */
  hold(row: number, seconds: number): void {
    const { rows } = this.table;
    if (this.held >= MAX_HELD) {
      this.remove(row);
      return;
    }
    const ends = Math.min(rows.ends(row), this.now() + seconds * 1000);
    rows.setTimes(row, { began: rows.began(row), ends, voidUntil: ends });
    this.setFlags(row, (rows.flags(row) & ~KIND & OWN_FLAGS) | (KINDS.indexOf("held") << KIND_SHIFT));
  }

  /** Ends a ban; passes issued before it stay void for `retention` seconds. */
  end(row: number, retention: number): void {
    const { rows } = this.table;
    const now = this.now();
    const ends = rows.ends(row);
    const voidUntil = ends > now ? now + retention * 1000 : rows.voidUntil(row);
    rows.setTimes(row, { began: rows.began(row), ends: Math.min(ends, now), voidUntil });
    this.setFlags(row, (rows.flags(row) & OWN_FLAGS & ~KIND) | OVER);
  }

  remove(row: number): void {
    const { rows } = this.table;
    this.setFlags(row, 0);
    this.reasons.release(rows.reason(row));
    this.services.release(rows.service(row));
    rows.setReason(row, 0);
    this.table.delete(row);
  }

  /** Returns the services at which exactly this subject is banned; `undefined` = everywhere. */
  scopesOf({ address, bits }: AddressRange): (string | undefined)[] {
    const scopes: (string | undefined)[] = [];
    const { table } = this;
    for (let row = table.next(address, bits, NONE); row !== NONE; row = table.next(address, bits, row))
      if (this.inForce(row)) scopes.push(this.services.textOf(table.rows.service(row)));
    return scopes;
  }

  /** Returns the rows of bans in force of a kind that cover any part of a range. */
  covering(range: AddressRange, kind: BanKind): number[] {
    const found: number[] = [];
    const { table } = this;
    for (const bits of table.lengthsOf(range.address.family)) {
      if (bits > range.bits) continue;
      for (
        let row = table.next(range.address, bits, NONE);
        row !== NONE;
        row = table.next(range.address, bits, row)
      )
        if (this.inForce(row) && KINDS[(table.rows.flags(row) & KIND) >> KIND_SHIFT] === kind)
          found.push(row);
    }
    return found;
  }

  /** Returns the rows of bans in force inside an IPv6 network of at least /33, up to /64, that protections made. */
  membersOf(network: AddressRange, service: string | undefined): number[] {
    const { table } = this;
    const number = service === undefined ? GLOBAL : this.services.numberOf(service);
    const found: number[] = [];
    const words = [...network.address.words];
    const start = words[1] as number;
    const client: Address = { family: 6, text: "", words };
    for (const bits of table.lengthsOf(6)) {
      if (bits <= network.bits || bits > 64) continue;
      for (let at = 0; at < 2 ** (bits - network.bits); at++) {
        words[1] = (start | (at << (64 - bits))) >>> 0;
        for (let row = table.next(client, bits, NONE); row !== NONE; row = table.next(client, bits, row)) {
          const kind = KINDS[(table.rows.flags(row) & KIND) >> KIND_SHIFT];
          const isAutomatic = kind === "automatic" || kind === "merged";
          if (isAutomatic && table.rows.service(row) === number && this.inForce(row)) found.push(row);
        }
      }
    }
    return found;
  }

  /** Whether any row is a single IPv6 address. */
  get hasSingle6(): boolean {
    return this.table.lengthsOf(6)[0] === 128;
  }

  /** The rows, in slices of at most `size`. */
  *slices(size = SLICE_ROWS): Generator<number[], void, undefined> {
    const { rows } = this.table;
    for (let first = 0; first < rows.end; first += size) {
      const slice: number[] = [];
      for (let row = first; row < Math.min(rows.end, first + size); row++)
        if (!rows.isFree(row)) slice.push(row);
      yield slice;
    }
  }

  /** A reading of the store begins: rows that are not written in it are unseen. */
  beginReading(): void {
    this.reading = (this.reading % 3) + 1;
  }

  isUnseen(row: number): boolean {
    return (this.table.rows.flags(row) & SEEN) >> SEEN_SHIFT !== this.reading;
  }

  private newRow(range: AddressRange, service: string | undefined): number {
    const row = this.table.add(range, service === undefined ? GLOBAL : this.services.take(service));
    // An earlier ban may have left values in the row.
    this.table.rows.setTimes(row, { began: 0, ends: 0, voidUntil: 0 });
    return row;
  }

  private setFlags(row: number, flags: number): void {
    const { rows } = this.table;
    const before = rows.flags(row);
    const held = KINDS.indexOf("held") << KIND_SHIFT;
    if ((before & KIND) === held) this.held--;
    if ((flags & KIND) === held) this.held++;
    rows.setFlags(row, (before & ~OWN_FLAGS) | flags);
  }

  private look(address: Address, bits: number, service: number, now: number, issued: number): number {
    const { table } = this;
    let found = NONE;
    for (let row = table.next(address, bits, NONE); row !== NONE; row = table.next(address, bits, row)) {
      if (!this.matches(row, now, issued)) continue;
      const scope = table.rows.service(row);
      if (service !== NONE && scope === service && scope !== GLOBAL) return row;
      if (scope === GLOBAL || (service === NONE && found === NONE)) found = row;
    }
    return found;
  }

  private matches(row: number, now: number, issued: number): boolean {
    const { rows } = this.table;
    return Number.isNaN(issued)
      ? now < rows.ends(row) && (rows.flags(row) & OVER) === 0
      : issued < rows.began(row) && now < rows.voidUntil(row);
  }

  // Each write checks a few old rows, so that those that are of no use any more are removed.
  private sweep(now: number): void {
    const { rows } = this.table;
    const isCrowded = rows.size > MAX_ROWS;
    for (let step = 0; step < (isCrowded ? SWEPT_PER_WRITE * 4 : SWEPT_PER_WRITE); step++) {
      if (rows.end === 0) return;
      const row = this.swept++ % rows.end;
      if (rows.isFree(row) || now < (isCrowded ? rows.ends(row) : rows.voidUntil(row))) continue;
      this.remove(row);
    }
  }
}
