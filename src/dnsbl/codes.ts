/** The codes of a zone that count as a listing: inclusive ranges of IPv4 addresses as numbers. */
export type CodeRanges = readonly (readonly [number, number])[];

/** The value of a dotted-decimal address; -1 for anything else. */
export function codeOf(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return -1;
  const bytes = parts.slice(1).map(Number);
  return bytes.some((byte) => byte > 255) ? -1 : bytes.reduce((value, byte) => value * 256 + byte, 0);
}

const code = (last: number): number => codeOf(`127.0.0.${last}`);

/** Every code that can be a listing. */
export const ALL_CODES: CodeRanges = [[code(2), codeOf("127.255.254.255")]];

/** Reads one entry of the `codes` option: a code, or two joined by a hyphen. */
export function parseCodeRange(text: string): readonly [number, number] | undefined {
  const [first = "", last = first] = text.split("-");
  const range = [codeOf(first), codeOf(last)] as const;
  const [[min, max]] = ALL_CODES as [readonly [number, number]];
  return text.split("-").length <= 2 && range[0] >= min && range[1] <= max && range[0] <= range[1]
    ? range
    : undefined;
}

/** Whether a code lies in one of the ranges. */
export function codeAccepted(value: number, ranges: CodeRanges): boolean {
  return ranges.some(([first, last]) => value >= first && value <= last);
}

/** A known public zone. */
export interface KnownZone {
  /** The codes that count by default. */
  readonly codes: CodeRanges;
  /** Whether it also has codes for addresses of home users, which do not count by default. */
  readonly policy: boolean;
}

const SBL: CodeRanges = [
  [code(2), code(3)],
  [code(9), code(9)],
];
const XBL: CodeRanges = [[code(4), code(7)]];

// Spamhaus, "DNSBL usage": SBL 2, CSS 3, XBL 4-7, DROP 9, PBL 10 and 11 (ranges of home users, not evidence of abuse).
const SPAMHAUS: Readonly<Record<string, KnownZone>> = {
  zen: { codes: [...SBL, ...XBL], policy: true },
  "sbl-xbl": { codes: [...SBL, ...XBL], policy: false },
  sbl: { codes: SBL, policy: false },
  xbl: { codes: XBL, policy: false },
  pbl: { codes: [], policy: true },
};

/** Looks `zone` up among the zones of Spamhaus (with or without a customer key) and blocklist.de. */
export function knownZone(zone: string): KnownZone | undefined {
  const spamhaus = /^(?:[^.]+\.)?(zen|sbl-xbl|sbl|xbl|pbl)\.(?:spamhaus\.org|dq\.spamhaus\.net)$/.exec(zone);
  if (spamhaus !== null) return SPAMHAUS[spamhaus[1] as string];
  // One code per attacked service.
  if (/^(?:[a-z]+\.)?bl\.blocklist\.de$/.test(zone)) return { codes: [[code(2), code(255)]], policy: false };
  return undefined;
}

/** A zone's name without a customer key, which is secret. */
export function zoneLabel(zone: string): string {
  return zone.replace(/^[a-z0-9]{16,}\.(?=(?:[^.]+\.)*dq\.spamhaus\.net$)/, "");
}
