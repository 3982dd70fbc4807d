import type { DnsAnswer, DnsFailure } from "../dns/dns-client.js";
import { ALL_CODES, codeAccepted, codeOf, type CodeRanges } from "./codes.js";

/** The response of one zone about one address. */
export type ZoneResponse =
  | { readonly kind: "listed"; readonly code: string }
  /** `code` = listed, but with codes that do not count. */
  | { readonly kind: "clean"; readonly why: "nxdomain" | "nodata" | "code"; readonly code?: string }
  | {
      readonly kind: "error";
      readonly why: DnsFailure | "error code" | "not a list answer";
      readonly code?: string;
    };

const ERROR_CODES: readonly [number, number] = [codeOf("127.255.255.0"), codeOf("127.255.255.255")];

/**
 * Reads a zone's DNS answer. If any record is one that no blocklist returns for an address, the response is an error:
 * 127.255.255.0/24 (Spamhaus's codes for a refused resolver or a mistyped zone), 127.0.0.1, and whatever lies outside
 * 127.0.0.0/8 (a parked or rewritten zone).
 */
export function readZoneResponse(answer: DnsAnswer<string>, accepted: CodeRanges): ZoneResponse {
  if (answer.kind === "failed") return { kind: "error", why: answer.why };
  if (answer.kind === "absent") return { kind: "clean", why: answer.why };
  // The app's own resolver may return anything.
  const texts = answer.values.map((text: unknown) => String(text).slice(0, 64));
  const values = texts.map(codeOf);
  for (const [index, value] of values.entries()) {
    const code = texts[index] as string;
    if (value >= ERROR_CODES[0] && value <= ERROR_CODES[1]) return { kind: "error", why: "error code", code };
    if (!codeAccepted(value, ALL_CODES)) return { kind: "error", why: "not a list answer", code };
  }
  const listed = values.findIndex((value) => codeAccepted(value, accepted));
  const code = texts[Math.max(0, listed)] as string;
  return listed >= 0 ? { kind: "listed", code } : { kind: "clean", why: "code", code };
}
