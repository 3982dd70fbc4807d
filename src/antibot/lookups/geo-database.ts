import { readFileSync } from "node:fs";
import { messageOf } from "../../errors.js";
import { printable } from "../../printable.js";
import { findPackage, missingPackage } from "../../optional-package.js";
import type { Check } from "../../options/check.js";
import type { Awaitable } from "../../awaitable.js";

/** Returns what an address belongs to; `undefined` or `null` = not known. */
export type GeoLookup<T> = (ip: string) => Awaitable<T | null | undefined>;

/** The part of an MMDB reader that is used. `mmdb-lib` has it; `maxmind` re-exports it. */
interface Reader {
  get(ip: string): unknown;
}

/** A database: the path of an MMDB file, which is read at start, or a look-up function. */
export function geoCheck<T>(what: string, read: (record: unknown) => T | undefined): Check<GeoLookup<T>> {
  const allowed = `the path of an MMDB file, or a function (ip) => ${what}`;
  return {
    allowed,
    parse: (text) => text,
    read(value, path, report) {
      if (typeof value === "function") return value as GeoLookup<T>;
      if (typeof value !== "string" || value === "") {
        report({ path, value, allowed });
        return undefined;
      }
      try {
        const reader = open(value);
        return (ip) => read(reader.get(ip));
      } catch (error) {
        // It may name the path as it was given, control characters included.
        const why = messageOf(error)
          .split("\n")
          .map((line) => printable(line));
        report({ path, value, allowed: `${allowed} (${why.join("\n")})` });
        return undefined;
      }
    },
  };
}

function open(path: string): Reader {
  const database = findPackage("mmdb-lib") ?? findPackage("maxmind");
  const { Reader } = (database ?? missingPackage("reading MMDB files", "mmdb-lib")) as {
    readonly Reader: new (file: Buffer) => Reader;
  };
  return new Reader(readFileSync(path));
}

/** The AS number in a record of the usual ASN databases. */
export function asnOf(record: unknown): number | undefined {
  const { autonomous_system_number: number, asn } = fields(record);
  return readAsn(number ?? asn);
}

/** The country in a record of the usual country and city databases. */
export function countryOf(record: unknown): string | undefined {
  const { country, country_code: code } = fields(record);
  return readCountry(fields(country)["iso_code"] ?? code ?? country);
}

/** An AS number, as a number or as `15169`, `AS15169` or `ASN15169`. */
export function readAsn(value: unknown): number | undefined {
  const text =
    typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : undefined;
  const digits = text === undefined ? undefined : /^(?:ASN?)?(\d{1,10})$/i.exec(text)?.[1];
  const number = Number(digits);
  return digits !== undefined && number <= 0xffff_ffff ? number : undefined;
}

/** A country's two letters, in upper case. */
export function readCountry(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z]{2}$/i.test(value) ? value.toUpperCase() : undefined;
}

function fields(record: unknown): Record<string, unknown> {
  return typeof record === "object" && record !== null ? (record as Record<string, unknown>) : {};
}
