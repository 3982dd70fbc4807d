import { parseAddress, parseRange } from "../address/address.js";
import { SERVICE_NAME } from "../service-name.js";
import { MAX_REQUEST, type ControlRequest } from "./messages.js";

/** Thrown for an invalid request; its message is sent to the client. */
class RequestError extends Error {
  readonly code = "request";
}

type Reader = (value: unknown) => boolean;

const isText =
  (max: number): Reader =>
  (value) =>
    typeof value === "string" && value.length <= max;
const isSeconds: Reader = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isAddress: Reader = (value) => typeof value === "string" && parseAddress(value) !== undefined;
const isRange: Reader = (value) =>
  typeof value === "string" && (isAddress(value) || parseRange(value) !== undefined);
const isService: Reader = (value) => typeof value === "string" && SERVICE_NAME.test(value);
const isFlag: Reader = (value) => typeof value === "boolean";
const isMode: Reader = (value) => ["block", "detect", "configured"].includes(value as string);
const isAction: Reader = (value) => ["status", "sync", "register", "ping"].includes(value as string);
const isHeaders: Reader = (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((text) => typeof text === "string");

/** The fields of each command; those marked with `!` are required. */
const COMMANDS: Readonly<Record<ControlRequest["command"], Readonly<Record<string, [Reader, string]>>>> = {
  bans: { limit: [isSeconds, "a whole number"] },
  ban: {
    "ip!": [isRange, "an IP address or CIDR range"],
    ttl: [isSeconds, "a whole number of seconds"],
    reason: [isText(1024), "a text of at most 1024 characters"],
    service: [isService, "a service's name"],
    force: [isFlag, "true or false"],
  },
  unban: { "ip!": [isRange, "an IP address or CIDR range"], service: [isService, "a service's name"] },
  check: {
    "ip!": [isAddress, "an IP address"],
    url: [isText(8192), "a URL of at most 8192 characters"],
    headers: [isHeaders, "an object of texts"],
  },
  mode: { mode: [isMode, "block, detect or configured"], for: [isSeconds, "a whole number of seconds"] },
  health: {},
  bunkernet: { "action!": [isAction, "status, sync, register or ping"] },
};

/**
 * Parses and checks the line of a request.
 *
 * @throws {RequestError} for an invalid request
 */
export function readRequest(line: string): ControlRequest {
  if (Buffer.byteLength(line) > MAX_REQUEST)
    throw new RequestError(`a request has at most ${MAX_REQUEST} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RequestError("a request is one line of JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RequestError("a request is an object with a command");
  const fields = value as Readonly<Record<string, unknown>>;
  const { command } = fields;
  const specs =
    typeof command === "string" && Object.hasOwn(COMMANDS, command)
      ? COMMANDS[command as ControlRequest["command"]]
      : undefined;
  if (specs === undefined) throw new RequestError(`a command is one of ${Object.keys(COMMANDS).join(", ")}`);
  for (const [key, [isValid, what]] of Object.entries(specs)) {
    const name = key.replace("!", "");
    const field = fields[name];
    if (field === undefined && name === key) continue;
    if (!isValid(field)) throw new RequestError(`${name} must be ${what}`);
  }
  return value as ControlRequest;
}
