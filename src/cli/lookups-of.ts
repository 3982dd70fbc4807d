import { asnOf, countryOf, geoCheck } from "../antibot/lookups/geo-database.js";
import type { BunkerOptions } from "../bunker/bunker.js";
import type { InspectorOptions } from "../control/address-inspector.js";
import type { Check } from "../options/check.js";
import { readOptions } from "../options/table.js";
import { dnsblTable } from "../dnsbl/options.js";
import type { CommandOption } from "./command.js";
import { CliError } from "./exit-code.js";
import type { Given } from "./arguments.js";

/** The databases that say what network and country an address belongs to. */
export const DATABASE_OPTIONS: readonly CommandOption[] = [
  { name: "asn-database", value: "FILE", help: "an MMDB file that knows AS numbers" },
  { name: "country-database", value: "FILE", help: "an MMDB file that knows countries" },
];

/**
 * Whom an app with these options asks about an address.
 *
 * @throws {CliError} when a database cannot be read
 */
export function lookupsOf(options: BunkerOptions, given: Given): InspectorOptions {
  const { dnsbl } = options;
  return {
    resolver: options.resolver,
    dnsbl:
      dnsbl === undefined || dnsbl === false
        ? undefined
        : readOptions(dnsblTable, dnsbl === true ? {} : dnsbl, "dnsbl", () => undefined),
    ...databasesOf(given),
  };
}

/**
 * The databases that the command line names.
 *
 * @throws {CliError} when one cannot be read
 */
export function databasesOf(given: Given): Pick<InspectorOptions, "asn" | "country"> {
  return {
    asn: database(given, "asn-database", geoCheck("AS number", asnOf)),
    country: database(given, "country-database", geoCheck("two letters", countryOf)),
  };
}

function database<T>(given: Given, option: string, check: Check<T>): T | undefined {
  const path = given.value(option);
  if (path === undefined) return undefined;
  return check.read(path, `--${option}`, ({ allowed }) => {
    throw new CliError(`--${option}: cannot read ${path}: ${allowed}`);
  });
}
