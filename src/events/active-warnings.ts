/** How urgent a warning is: `alarm` = visitors are probably being refused by mistake. */
export type WarningLevel = "alarm" | "notice";

/** The code of a warning, which docs/errors.md explains. */
export type WarningCode = `WRN_BUNKER_${string}`;

/** What a warning says besides its message. */
export interface WarningDetails {
  /** The client that it is about. */
  readonly ip?: string;
  /** A line of options that mends it, to paste. */
  readonly advice?: string;
  /** Whether it is logged by whoever raises it. */
  readonly isLogged?: boolean;
  /** Default `"notice"`. */
  readonly level?: WarningLevel;
  /** How long it is active after it was last raised, in ms; 0 = it is only told. Default: as long as this process. */
  readonly lasts?: number;
  /** After how long it is told again, in ms; 0 = always. Default: never. */
  readonly again?: number;
}

/** The `data` of events of the type `warning`. */
export interface WarningData {
  readonly message: string;
  /** What it is about: an address, a zone, a path; may be empty. */
  readonly about: string;
  /** A line of options that mends it, to paste; absent = there is none. */
  readonly advice?: string;
  readonly level: WarningLevel;
}

/** A warning that is in force. */
export interface ActiveWarning extends WarningData {
  readonly code: string;
  /** When it was raised first and last, in ms. */
  readonly since: number;
  readonly last: number;
  /** How often it was raised. */
  readonly count: number;
}

interface Entry {
  readonly warning: { -readonly [Name in keyof ActiveWarning]: ActiveWarning[Name] };
  /** Until when it is in force, in ms. */
  ends: number;
}

/** How long warnings about traffic are active after the last request that showed them, in ms, and how often they are told at most. */
export const HOUR_MS = 3_600_000;

const MAX_ACTIVE = 100;
/** The most subjects of one code that are told of: some are chosen by clients. */
const MAX_SUBJECTS = 100;

/** The warnings in force on one store, and when each was told. */
export class ActiveWarnings {
  private readonly entries = new Map<string, Entry>();
  /** From when on each subject of each code may be told again, in ms. */
  private readonly told = new Map<string, Map<string, number>>();

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number) {}

  /** Puts a warning in force, or keeps it so. Returns whether it should be told now. */
  raise(code: WarningCode, message: string, about: string, details: WarningDetails): boolean {
    const now = this.now();
    const subjects = this.subjectsOf(code);
    const next = subjects.get(about);
    if (next === undefined && !hasRoom(subjects, now)) return false;
    const isDue = next === undefined || now >= next;
    if (isDue) subjects.set(about, now + (details.again ?? Infinity));
    const key = `${code} ${about}`;
    let entry = this.entries.get(key);
    if (entry === undefined || entry.ends <= now) {
      const warning = { code, about, message, level: "notice", since: now, last: now, count: 0 } as const;
      this.add(key, (entry = { warning: { ...warning }, ends: 0 }));
    }
    const { warning } = entry;
    warning.message = message;
    warning.level = details.level ?? "notice";
    if (details.advice === undefined) delete warning.advice;
    else warning.advice = details.advice;
    warning.last = now;
    warning.count++;
    entry.ends = now + (details.lasts ?? Infinity);
    return isDue;
  }

  /** Ends a warning. Returns whether it was in force. */
  end(code: WarningCode, about: string): boolean {
    return this.entries.delete(`${code} ${about}`);
  }

  /** Whether an alarm is in force. */
  hasAlarm(code: WarningCode, about: string): boolean {
    const entry = this.entries.get(`${code} ${about}`);
    return entry?.warning.level === "alarm" && entry.ends > this.now();
  }

  /** Returns the warnings in force, alarms first, then the latest first. At most 100. */
  all(): readonly ActiveWarning[] {
    this.prune();
    return [...this.entries.values()].map(({ warning }) => ({ ...warning })).sort(byUrgency);
  }

  private subjectsOf(code: string): Map<string, number> {
    let subjects = this.told.get(code);
    if (subjects === undefined) this.told.set(code, (subjects = new Map<string, number>()));
    return subjects;
  }

  private add(key: string, entry: Entry): void {
    if (this.entries.size >= MAX_ACTIVE) this.prune();
    if (this.entries.size >= MAX_ACTIVE) {
      const [{ code, about }] = this.all().slice(-1) as [ActiveWarning];
      this.entries.delete(`${code} ${about}`);
    }
    this.entries.set(key, entry);
  }

  private prune(): void {
    const now = this.now();
    for (const [key, { ends }] of this.entries) if (ends <= now) this.entries.delete(key);
  }
}

function byUrgency(one: ActiveWarning, other: ActiveWarning): number {
  if (one.level !== other.level) return one.level === "alarm" ? -1 : 1;
  return other.last - one.last;
}

// Subjects that may be told again are as good as new.
function hasRoom(subjects: Map<string, number>, now: number): boolean {
  if (subjects.size < MAX_SUBJECTS) return true;
  for (const [about, next] of subjects) if (now >= next) subjects.delete(about);
  return subjects.size < MAX_SUBJECTS;
}
