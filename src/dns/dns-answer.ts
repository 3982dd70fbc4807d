/** Why a question got no usable answer. `shed` = it was not asked, because too many were under way. */
export type DnsFailure =
  "servfail" | "refused" | "timeout" | "unreachable" | "bad answer" | "cancelled" | "shed" | "failed";

/** What became of one DNS question. */
export type DnsAnswer<T> =
  | { readonly kind: "found"; readonly values: readonly T[] }
  | { readonly kind: "absent"; readonly why: "nxdomain" | "nodata" }
  | { readonly kind: "failed"; readonly why: DnsFailure };

const FAILURES: Readonly<Record<string, DnsFailure>> = {
  ESERVFAIL: "servfail",
  EREFUSED: "refused",
  ETIMEOUT: "timeout",
  ECONNREFUSED: "unreachable",
  EBADRESP: "bad answer",
  EFORMERR: "bad answer",
  ENOTIMP: "bad answer",
  ECANCELLED: "cancelled",
  EDESTRUCTION: "cancelled",
};

/** Reads what a `node:dns` call rejected with. */
export function failureOf(error: unknown): DnsAnswer<never> {
  const code = String((error as { code?: unknown } | null | undefined)?.code);
  if (code === "ENOTFOUND") return { kind: "absent", why: "nxdomain" };
  if (code === "ENODATA") return { kind: "absent", why: "nodata" };
  return { kind: "failed", why: FAILURES[code] ?? "failed" };
}
