import { AddressSet } from "../address/address-set.js";
import type { ClientIp } from "./client-resolver.js";
import { normalHost } from "./services.js";
import { SERVICE_NAME } from "../service-name.js";
import { addressSetCheck } from "../options/address-checks.js";
import { list, text, type Check, type ReportProblem } from "../options/check.js";
import { group } from "../options/table.js";

export const serviceName = text("a name of a-z, 0-9, dots and hyphens", SERVICE_NAME);

/** The services that the Host selects, with their aliases. */
export const servicesCheck: Check<ReadonlyMap<string, readonly string[]>> = {
  allowed: "an array of service names, or an object of names with { aliases }",
  parse: (value) => value.split(/\s+/).filter((word) => word !== ""),
  read(value, path, report) {
    const pairs: [string, unknown][] = Array.isArray(value)
      ? value.map((name: unknown) => [String(name), {}])
      : typeof value === "object" && value !== null
        ? Object.entries(value)
        : [];
    if (pairs.length === 0) report({ path, value, allowed: this.allowed });
    return new Map(
      pairs.map(([name, entry]) => [
        serviceName.read(name.toLowerCase(), path, report) ?? name,
        readAliases(entry, `${path}.${name}`, report),
      ]),
    );
  },
};

function readAliases(entry: unknown, path: string, report: ReportProblem): readonly string[] {
  const aliases = (entry as { aliases?: unknown } | null | undefined)?.aliases;
  return aliases === undefined
    ? []
    : (list(text("a host name")).read(aliases, `${path}.aliases`, report) ?? []).map(normalHost);
}

const clientIpHeader = group({
  header: {
    check: text("a header name", /^[A-Za-z0-9-]+$/),
    default: "",
    help: "The header that carries the client's address.",
  },
  from: { check: addressSetCheck(), default: () => new AddressSet(), help: "The peers that may set it." },
});

/** The client's address, from the app's hook or from a header of trusted peers. */
export const clientIpCheck: Check<ClientIp> = {
  allowed: "a function (request) => address, or { header, from: [CIDR] }",
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value === "function") return value as (request: never) => string | undefined;
    const read = clientIpHeader.read(value, path, report);
    if (read === undefined) return undefined;
    if (read.header === "" || read.from.size === 0) report({ path, value, allowed: this.allowed });
    return { header: read.header.toLowerCase(), from: read.from };
  },
};
