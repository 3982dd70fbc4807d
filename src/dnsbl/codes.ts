/** Which codes of a zone count as a listing: ranges of IPv4 addresses as numbers, both ends included. */
export type CodeRanges = readonly (readonly [number, number])[];

/** The value of a dotted-decimal text; -1 for anything else. */
export function codeOf(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return -1;
  const bytes = parts.slice(1).map(Number);
  return bytes.some((byte) => byte > 255) ? -1 : bytes.reduce((value, byte) => value * 256 + byte, 0);
}

const code = (last: number): number => codeOf(`127.0.0.${last}`);

/** Everything that can be a listing at all. */
export const ALL_CODES: CodeRanges = [[code(2), codeOf("127.255.254.255")]];

/** Reads one entry of the `codes` option: a code, or two joined by a hyphen. */
export function parseCodeRange(text: string): readonly [number, number] | undefined {
  const [first = "", last = first] = text.split("-");
  const range = [codeOf(first), codeOf(last)] as const;
  const [[least, most]] = ALL_CODES as [readonly [number, number]];
  return text.split("-").length <= 2 && range[0] >= least && range[1] <= most && range[0] <= range[1]
    ? range
    : undefined;
}

/** Whether a code lies in one of the ranges. */
export function codeAccepted(value: number, ranges: CodeRanges): boolean {
  return ranges.some(([first, last]) => value >= first && value <= last);
}

/** What is known of a public zone. */
export interface KnownZone {
  /** What counts when the operator says nothing. */
  readonly codes: CodeRanges;
  /** Whether it has codes for home users' addresses, which are left out. */
  readonly policy: boolean;
}

const SBL: CodeRanges = [
  [code(2), code(3)],
  [code(9), code(9)],
];
const XBL: CodeRanges = [[code(4), code(7)]];

// Spamhaus, "DNSBL usage": SBL 2, CSS 3, XBL 4-7, DROP 9, PBL 10 and 11 (ranges of home users, no evidence of anything).
const SPAMHAUS: Readonly<Record<string, KnownZone>> = {
  zen: { codes: [...SBL, ...XBL], policy: true },
  "sbl-xbl": { codes: [...SBL, ...XBL], policy: false },
  sbl: { codes: SBL, policy: false },
  xbl: { codes: XBL, policy: false },
  pbl: { codes: [], policy: true },
};

/** What is known of `zone`: the zones of Spamhaus, with a customer's key in front too, and blocklist.de. */
export function knownZone(zone: string): KnownZone | undefined {
  const spamhaus = /^(?:[^.]+\.)?(zen|sbl-xbl|sbl|xbl|pbl)\.(?:spamhaus\.org|dq\.spamhaus\.net)$/.exec(zone);
  if (spamhaus !== null) return SPAMHAUS[spamhaus[1] as string];
  // One code a service that was attacked.
  if (/^(?:[a-z]+\.)?bl\.blocklist\.de$/.test(zone)) return { codes: [[code(2), code(255)]], policy: false };
  return undefined;
}

/** A zone's name as people may see it: a customer's key, which is a secret, is left out. */
export function zoneLabel(zone: string): string {
  return zone.replace(/^[a-z0-9]{16,}\.(?=(?:[^.]+\.)*dq\.spamhaus\.net$)/, "");
}
