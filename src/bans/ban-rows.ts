/** Rows in one page: a page is allocated at once, so that the table grows without copying. */
const PAGE_BITS = 11;
const PAGE_ROWS = 1 << PAGE_BITS;
const IN_PAGE = PAGE_ROWS - 1;
/** A row's bytes: four words of address, two times, the end of the mark, flags, service, reason. */
const ROW_BYTES = 4 * 4 + 2 * 8 + 4 + 4 + 2 + 2;

/** The flags of a free row. */
const FREE = 0xffff;
/** The end of a mark that never ends, in seconds. */
const NEVER = 0xffff_ffff;

class Page {
  readonly began: Float64Array;
  readonly ends: Float64Array;
  readonly words: Uint32Array;
  readonly voidUntil: Uint32Array;
  readonly service: Uint32Array;
  readonly flags: Uint16Array;
  readonly reason: Uint16Array;

  constructor() {
    const buffer = new ArrayBuffer(PAGE_ROWS * ROW_BYTES);
    let at = 0;
    const next = (bytes: number): number => {
      const start = at;
      at += bytes * PAGE_ROWS;
      return start;
    };
    this.began = new Float64Array(buffer, next(8), PAGE_ROWS);
    this.ends = new Float64Array(buffer, next(8), PAGE_ROWS);
    this.words = new Uint32Array(buffer, next(16), 4 * PAGE_ROWS);
    this.voidUntil = new Uint32Array(buffer, next(4), PAGE_ROWS);
    this.service = new Uint32Array(buffer, next(4), PAGE_ROWS);
    this.flags = new Uint16Array(buffer, next(2), PAGE_ROWS).fill(FREE);
    this.reason = new Uint16Array(buffer, next(2), PAGE_ROWS);
  }
}

/** Numbers kept in a row besides its address. */
export interface RowValues {
  /** When the ban began, in ms. */
  began: number;
  /** When it ends, in ms; `Infinity` = never. */
  ends: number;
  /** Until when passes issued before it are void, in ms; `Infinity` = for ever. */
  voidUntil: number;
}

/** The rows of the table of bans: numbers in pages of typed arrays, 44 bytes each. */
export class BanRows {
  private readonly pages: Page[] = [];
  /** How many rows were ever in use at once. */
  end = 0;
  /** How many rows are in use. */
  size = 0;
  private firstFree = -1;

  /** Takes a free row and puts these words and flags in. */
  take(words: readonly number[], flags: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.word(row, 0) - 1;
    else {
      row = this.end++;
      if (row >> PAGE_BITS === this.pages.length) this.pages.push(new Page());
    }
    const page = this.pageOf(row);
    const at = (row & IN_PAGE) * 4;
    for (let word = 0; word < 4; word++) page.words[at + word] = words[word] ?? 0;
    page.flags[row & IN_PAGE] = flags;
    this.size++;
    return row;
  }

  release(row: number): void {
    const page = this.pageOf(row);
    page.flags[row & IN_PAGE] = FREE;
    page.words[(row & IN_PAGE) * 4] = this.firstFree + 1;
    this.firstFree = row;
    this.size--;
  }

  isFree(row: number): boolean {
    return this.flags(row) === FREE;
  }

  word(row: number, index: number): number {
    return this.pageOf(row).words[(row & IN_PAGE) * 4 + index] as number;
  }

  flags(row: number): number {
    return this.pageOf(row).flags[row & IN_PAGE] as number;
  }

  setFlags(row: number, flags: number): void {
    this.pageOf(row).flags[row & IN_PAGE] = flags;
  }

  began(row: number): number {
    return this.pageOf(row).began[row & IN_PAGE] as number;
  }

  ends(row: number): number {
    return this.pageOf(row).ends[row & IN_PAGE] as number;
  }

  /** In ms; whole seconds are kept, rounded up. */
  voidUntil(row: number): number {
    const seconds = this.pageOf(row).voidUntil[row & IN_PAGE] as number;
    return seconds === NEVER ? Infinity : seconds * 1000;
  }

  service(row: number): number {
    return this.pageOf(row).service[row & IN_PAGE] as number;
  }

  setService(row: number, service: number): void {
    this.pageOf(row).service[row & IN_PAGE] = service;
  }

  reason(row: number): number {
    return this.pageOf(row).reason[row & IN_PAGE] as number;
  }

  setReason(row: number, reason: number): void {
    this.pageOf(row).reason[row & IN_PAGE] = reason;
  }

  setTimes(row: number, { began, ends, voidUntil }: RowValues): void {
    const page = this.pageOf(row);
    const at = row & IN_PAGE;
    page.began[at] = began;
    page.ends[at] = ends;
    page.voidUntil[at] = Math.min(NEVER, Math.max(0, Math.ceil(voidUntil / 1000)));
  }

  private pageOf(row: number): Page {
    return this.pages[row >> PAGE_BITS] as Page;
  }
}
