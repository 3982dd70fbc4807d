import { isIPv6 } from "node:net";
import { IPv6 } from "ipaddr.js";

/** An IP address in its one canonical form. Two addresses are the same client exactly when their `text` is equal. */
export interface Address {
  readonly family: 4 | 6;
  /** Dotted decimal, or RFC 5952 text. */
  readonly text: string;
  /** Big-endian unsigned 32-bit words: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
}

/** A block of addresses that share their first `bits` bits; a single address is a block of one. */
export interface AddressRange {
  /** The first address of the block: its host bits are zero. */
  readonly address: Address;
  /** Length of the shared prefix: 0–32 for IPv4, 0–128 for IPv6. */
  readonly bits: number;
  /** CIDR text; the address alone when the block holds one address. */
  readonly text: string;
}

// The longest IPv6 text has 45 characters; the rest is room for a zone id.
const MAX_ADDRESS_LENGTH = 128;
// Brackets, port, quotes and the white space around one entry of a forwarding header.
const MAX_FORWARDED_LENGTH = 256;

const DOT = 46;
const ZERO = 48;
const NINE = 57;

/**
 * Reads one IP address strictly. IPv4-mapped (`::ffff:a.b.c.d`) and NAT64 (`64:ff9b::/96`) addresses come back as
 * the IPv4 address they carry, whatever their spelling; zone ids are dropped.
 *
 * @returns `undefined` for anything else, legacy spellings such as `010.0.0.1`, `1` and `0x7f.1` included. Never throws.
 */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = readIPv4(text);
  if (ipv4 >= 0) return { family: 4, text, words: [ipv4] };
  const words = readIPv6(text);
  return words && unwrapped(words);
}

/**
 * Reads one entry of a forwarding header: an address as {@link parseAddress} takes it, or `ip:port`, `[v6]`,
 * `[v6]:port`, in quotes and white space if need be. The port is dropped.
 *
 * @returns `undefined` for anything else, names and obfuscated identifiers included. Never throws.
 */
export function parseForwarded(text: string): Address | undefined {
  if (text.length > MAX_FORWARDED_LENGTH) return undefined;
  const plain = parseAddress(text);
  if (plain) return plain;
  let entry = text.trim();
  if (entry.length >= 2 && entry.startsWith('"') && entry.endsWith('"')) entry = entry.slice(1, -1).trim();
  if (entry.startsWith("[")) {
    const close = entry.indexOf("]");
    const rest = entry.slice(close + 1);
    if (close < 0 || (rest !== "" && !isPortSuffix(rest))) return undefined;
    const words = readIPv6(entry.slice(1, close));
    return words && unwrapped(words);
  }
  const colon = entry.indexOf(":");
  if (colon > 0 && isPortSuffix(entry.slice(colon))) {
    const host = entry.slice(0, colon);
    const ipv4 = readIPv4(host);
    return ipv4 >= 0 ? { family: 4, text: host, words: [ipv4] } : undefined;
  }
  return parseAddress(entry);
}

/**
 * Reads an address or a CIDR block. Host bits may be set; they are masked away. A block within `::ffff:0:0/96` or
 * `64:ff9b::/96` comes back as the IPv4 block it stands for.
 *
 * @returns `undefined` when the address is not strict or the prefix length not a plain decimal in range. Never throws.
 */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) {
    const address = parseAddress(text);
    return address && { address, bits: fullBits(address), text: address.text };
  }
  const bits = readPrefixLength(text, slash + 1);
  if (bits < 0) return undefined;
  const host = text.slice(0, slash);
  const ipv4 = readIPv4(host);
  if (ipv4 >= 0) return bits <= 32 ? rangeOf(4, [ipv4], bits) : undefined;
  const words = readIPv6(host);
  if (!words) return undefined;
  if (bits >= 96 && carriesIPv4(words)) return rangeOf(4, [words[3] as number], bits - 96);
  return rangeOf(6, words, bits);
}

/**
 * The block that stands for one client: an IPv4 address itself, or the IPv6 block of the first `ipv6Subnet` bits.
 *
 * @param ipv6Subnet prefix length, 0–128
 * @throws RangeError when `ipv6Subnet` is not a whole number in that range
 */
export function prefixOf(address: Address, ipv6Subnet: number): AddressRange {
  if (!Number.isInteger(ipv6Subnet) || ipv6Subnet < 0 || ipv6Subnet > 128) {
    throw new RangeError(`ipv6Subnet must be a whole number from 0 to 128, not ${ipv6Subnet}`);
  }
  if (address.family === 4) return { address, bits: 32, text: address.text };
  if (ipv6Subnet === 128) return { address, bits: 128, text: address.text };
  return rangeOf(6, address.words, ipv6Subnet);
}

/** The network that an address shares with its neighbours, as text: the first three numbers of IPv4, or the /48 of IPv6. */
export function networkOf(address: Address): string {
  return address.family === 6
    ? prefixOf(address, 48).text
    : address.text.slice(0, address.text.lastIndexOf("."));
}

/** Whether the block covers the address. */
export function rangeContains(range: AddressRange, address: Address): boolean {
  if (range.address.family !== address.family) return false;
  const { words } = range.address;
  for (let index = 0, left = range.bits; left > 0; index++, left -= 32) {
    if ((((words[index] as number) ^ (address.words[index] as number)) & prefixMask(left)) !== 0)
      return false;
  }
  return true;
}

/**
 * Whether the address can be met on the public Internet. The blocks are BunkerWeb's, the unspecified addresses
 * included; `192.0.2.0/24` is missing from them, so it counts as global.
 */
export function isGlobal(address: Address): boolean {
  const ranges = address.family === 4 ? NON_GLOBAL_IPV4 : NON_GLOBAL_IPV6;
  for (const range of ranges) if (rangeContains(range, address)) return false;
  return true;
}

/** The canonical address of these words; IPv6 words are taken as they are, never unwrapped. */
export function addressOfWords(family: 4 | 6, words: readonly number[]): Address {
  return { family, text: family === 4 ? textOfIPv4(words[0] as number) : textOfIPv6(words), words };
}

/** The bits of one 32-bit word that belong to a prefix of which `bits` are left; signed, as bitwise operators give it. */
export function prefixMask(bits: number): number {
  return bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits);
}

/** The block of the first `bits` bits of an address, from its words. */
export function rangeOf(family: 4 | 6, words: readonly number[], bits: number): AddressRange {
  const masked = words.map((word, index) => (word & prefixMask(bits - index * 32)) >>> 0);
  const address = addressOfWords(family, masked);
  return { address, bits, text: bits === fullBits(address) ? address.text : `${address.text}/${bits}` };
}

function fullBits(address: Address): 32 | 128 {
  return address.family === 4 ? 32 : 128;
}

// The 32-bit value of strict dotted decimal text, or -1.
function readIPv4(text: string): number {
  const { length } = text;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return -1;
      value = value * 256 + part;
      part = 0;
      digits = 0;
      dots++;
    } else {
      // A second digit after a leading zero would be octal to some readers and decimal to others.
      if (code < ZERO || code > NINE || (digits > 0 && part === 0)) return -1;
      part = part * 10 + code - ZERO;
      if (part > 255) return -1;
      digits++;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + part : -1;
}

function readIPv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > MAX_ADDRESS_LENGTH) return undefined;
  const percent = text.indexOf("%");
  if (percent === text.length - 1) return undefined;
  const host = percent < 0 ? text : text.slice(0, percent);
  // ipaddr.js also reads legacy spellings, so Node's strict reader decides first.
  if (!isIPv6(host)) return undefined;
  const { parts } = IPv6.parse(withoutDots(host));
  const words: number[] = [];
  for (let index = 0; index < 8; index += 2) {
    words.push((parts[index] as number) * 0x10000 + (parts[index + 1] as number));
  }
  return words;
}

// Writes a dotted tail as two groups: ipaddr.js takes "::a.b.c.d" for the mapped "::ffff:a.b.c.d".
function withoutDots(host: string): string {
  if (!host.includes(".")) return host;
  const tail = host.lastIndexOf(":") + 1;
  const ipv4 = readIPv4(host.slice(tail));
  return `${host.slice(0, tail)}${(ipv4 >>> 16).toString(16)}:${(ipv4 & 0xffff).toString(16)}`;
}

function carriesIPv4(words: readonly number[]): boolean {
  if (words[1] !== 0) return false;
  return (words[0] === 0 && words[2] === 0xffff) || (words[0] === 0x0064ff9b && words[2] === 0);
}

function unwrapped(words: readonly number[]): Address {
  return carriesIPv4(words) ? addressOfWords(4, [words[3] as number]) : addressOfWords(6, words);
}

function textOfIPv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

// RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups becomes "::".
function textOfIPv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let runStart = -1;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > runLength) {
      runStart = start;
      runLength = end - start;
    }
    if (end > start) start = end;
  }
  if (runStart < 0) return hex(groups);
  return `${hex(groups.slice(0, runStart))}::${hex(groups.slice(runStart + runLength))}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

// The decimal from `start` to the end, without sign or leading zeros, up to 128; otherwise -1.
function readPrefixLength(text: string, start: number): number {
  const digits = text.length - start;
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(start) === ZERO)) return -1;
  let value = 0;
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) return -1;
    value = value * 10 + code - ZERO;
  }
  return value <= 128 ? value : -1;
}

function isPortSuffix(text: string): boolean {
  return /^:\d{1,5}$/.test(text) && Number(text.slice(1)) <= 65535;
}

function blocks(family: 4 | 6, texts: readonly string[]): readonly AddressRange[] {
  return texts.map((text) => {
    const [host = "", bits = ""] = text.split("/");
    // Not parseRange: the mapped blocks must stay IPv6 here.
    return rangeOf(family, family === 4 ? [readIPv4(host)] : (readIPv6(host) ?? []), Number(bits));
  });
}

const NON_GLOBAL_IPV4 = blocks(4, [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "233.252.0.0/24",
  "240.0.0.0/4",
  "255.255.255.255/32",
]);

// The mapped and NAT64 blocks of the list never reach this one: their addresses are IPv4 by then.
const NON_GLOBAL_IPV6 = blocks(6, [
  "::/128",
  "::1/128",
  "::ffff:0:0:0/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/32",
  "2001:20::/28",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
]);
