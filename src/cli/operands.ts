import { parseAddress, parseRange } from "../address/address.js";
import { SERVICE_NAME } from "../service-name.js";
import { UsageError } from "./exit-code.js";
import type { Given } from "./arguments.js";

/**
 * An IP address, in canonical text.
 *
 * @throws {UsageError} for anything else
 */
export function requireAddress(text: string, command: string): string {
  const address = parseAddress(text);
  if (address !== undefined) return address.text;
  throw new UsageError(`"${text.slice(0, 64)}" is no IP address`, command);
}

/**
 * An IP address or CIDR range as it was written.
 *
 * @throws {UsageError} for anything else
 */
export function requireAddressOrRange(text: string, command: string): string {
  if (parseAddress(text) !== undefined || parseRange(text) !== undefined) return text;
  throw new UsageError(`"${text.slice(0, 64)}" is no IP address and no CIDR range`, command);
}

/**
 * What `--service` names.
 *
 * @throws {UsageError} for what no service can be called
 */
export function requireService(given: Given, command: string): string | undefined {
  const service = given.value("service")?.toLowerCase();
  if (service === undefined || SERVICE_NAME.test(service)) return service;
  throw new UsageError(
    `--service takes a name of letters, digits, dots and hyphens; got "${service.slice(0, 64)}"`,
    command,
  );
}
