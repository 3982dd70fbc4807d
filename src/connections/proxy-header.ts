import { isIPv4, isIPv6 } from "node:net";
import { addressOfWords } from "../address/address.js";

/** The maximum length of a version 1 header, including its line end (PROXY protocol, 2.1). */
const MAX_V1_BYTES = 107;
/** The maximum length of the variable part of a version 2 header: addresses and a few extensions (TLVs). */
const MAX_V2_REST = 4096;

/** The client of a connection that a proxy accepted. */
export interface ProxySource {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly port: number;
}

/** The state of the header in the first bytes of a connection. */
export type ProxyHeader =
  /** The header is valid so far, but incomplete. */
  | { readonly state: "more" }
  | { readonly state: "bad"; readonly problem: string }
  /** The header has `length` bytes; without a source, the proxy speaks for itself (LOCAL, UNKNOWN, not TCP). */
  | { readonly state: "done"; readonly length: number; readonly source: ProxySource | undefined };

const MORE: ProxyHeader = { state: "more" };
const V1_START = Buffer.from("PROXY ", "latin1");
const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_FIXED = 16;
const [CR, LF] = [13, 10];

/**
 * Parses a header of the PROXY protocol, version 1 or 2, in the first bytes of a connection. The result does not depend on how
 * the bytes are split into packets. Never throws.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAlike(bytes, V2_START)) return bytes.length < V2_FIXED ? MORE : parseV2(bytes);
  if (startsAlike(bytes, V1_START)) return bytes.length < V1_START.length ? MORE : parseV1(bytes);
  return bad("no PROXY header");
}

function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function bad(problem: string): ProxyHeader {
  return { state: "bad", problem };
}

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf(LF);
  if (end < 0) return bytes.length >= MAX_V1_BYTES ? bad("a line of more than 107 bytes") : MORE;
  if (bytes[end - 1] !== CR) return bad("a line without CR");
  const length = end + 1;
  const [family, source = "", target = "", sourcePort = "", targetPort = "", ...more] = bytes
    .toString("latin1", V1_START.length, end - 1)
    .split(" ");
  // Everything after UNKNOWN must be ignored (2.1).
  if (family === "UNKNOWN") return { state: "done", length, source: undefined };
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isPlainIPv6 : undefined;
  if (isAddress === undefined) return bad("an unknown family");
  if (!isAddress(source) || !isAddress(target)) return bad("no address of that family");
  if (!isPort(sourcePort) || !isPort(targetPort) || more.length > 0) return bad("no ports");
  const name = family === "TCP4" ? "IPv4" : "IPv6";
  return { state: "done", length, source: { address: source, family: name, port: Number(sourcePort) } };
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function parseV2(bytes: Buffer): ProxyHeader {
  const command = bytes[12] as number;
  const family = bytes[13] as number;
  const rest = bytes.readUInt16BE(14);
  if (command >> 4 !== 2) return bad("an unknown version");
  if ((command & 15) > 1) return bad("an unknown command");
  if (rest > MAX_V2_REST) return bad(`a header of more than ${MAX_V2_REST} bytes`);
  const length = V2_FIXED + rest;
  // LOCAL: the proxy's own connection, such as a health check; its addresses must be ignored (2.2).
  const isLocal = (command & 15) === 0;
  // TCP over IPv4 is 0x11, over IPv6 0x21; the addresses of other protocols have no meaning here.
  const size = isLocal ? 0 : family === 0x11 ? 12 : family === 0x21 ? 36 : 0;
  if (rest < size) return bad("too short for its addresses");
  if (bytes.length < length) return MORE;
  if (size === 0) return { state: "done", length, source: undefined };
  // The ports follow the two addresses: the client's, then the proxy's.
  const port = bytes.readUInt16BE(V2_FIXED + size - 4);
  if (size === 12) {
    const address = bytes.subarray(V2_FIXED, V2_FIXED + 4).join(".");
    return { state: "done", length, source: { address, family: "IPv4", port } };
  }
  const words = [0, 4, 8, 12].map((at) => bytes.readUInt32BE(V2_FIXED + at));
  return { state: "done", length, source: { address: addressOfWords(6, words).text, family: "IPv6", port } };
}
