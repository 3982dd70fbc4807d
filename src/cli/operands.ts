import { parseAddress, parseRange } from "../address/address.js";
import { SERVICE_NAME } from "../service-name.js";
import type { Args } from "./command.js";
import { UsageError } from "./exit-code.js";

/** The first operand, an IP address, in canonical text. */
export function requireAddress({ operands: [text = ""] }: Args): string {
  const address = parseAddress(text);
  if (address !== undefined) return address.text;
  throw new UsageError(`"${text.slice(0, 64)}" is not a valid IP address`);
}

/** The first operand, an IP address or CIDR range, as it was written. */
export function requireAddressOrRange({ operands: [text = ""] }: Args): string {
  if (parseAddress(text) !== undefined || parseRange(text) !== undefined) return text;
  throw new UsageError(`"${text.slice(0, 64)}" is not a valid IP address or CIDR range`);
}

export function serviceOption(args: Args): string | undefined {
  const service = args.value("service")?.toLowerCase();
  if (service === undefined || SERVICE_NAME.test(service)) return service;
  throw new UsageError(
    `--service takes a name of letters, digits, dots and hyphens; got "${service.slice(0, 64)}"`,
  );
}
