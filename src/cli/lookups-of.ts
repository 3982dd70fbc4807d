import { asnOf, countryOf, geoCheck } from "../antibot/lookups/geo-database.js";
import type { BunkerOptions } from "../bunker/bunker.js";
import type { InspectorOptions } from "../control/address-inspector.js";
import type { Check } from "../options/check.js";
import { readOptions } from "../options/table.js";
import { dnsblTable } from "../dnsbl/options.js";
import type { Args, CommandOption } from "./command.js";
import { CliError } from "./exit-code.js";

export const DATABASE_OPTIONS: readonly CommandOption[] = [
  { name: "asn-database", value: "FILE", help: "an MMDB file that knows AS numbers" },
  { name: "country-database", value: "FILE", help: "an MMDB file that knows countries" },
];

/** Returns the sources that an app with these options queries about an address. */
export function lookupsOf(options: BunkerOptions, args: Args): InspectorOptions {
  const { dnsbl } = options;
  return {
    resolver: options.resolver,
    dnsbl:
      dnsbl === undefined || dnsbl === false
        ? undefined
        : readOptions(dnsblTable, dnsbl === true ? {} : dnsbl, "dnsbl", () => undefined),
    ...databasesOf(args),
  };
}

export function databasesOf(args: Args): Pick<InspectorOptions, "asn" | "country"> {
  return {
    asn: database(args, "asn-database", geoCheck("AS number", asnOf)),
    country: database(args, "country-database", geoCheck("two letters", countryOf)),
  };
}

function database<T>(args: Args, option: string, check: Check<T>): T | undefined {
  const path = args.value(option);
  if (path === undefined) return undefined;
  return check.read(path, `--${option}`, ({ allowed }) => {
    throw new CliError(`--${option}: cannot read ${path}: ${allowed}`);
  });
}
