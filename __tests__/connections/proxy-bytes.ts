import { parseAddress } from "../../src/address/address.js";

/** A header of version 1, as a proxy in front of 192.0.2.1:443 would send it. */
export function proxyV1(from: string, port = 40_000): string {
  const six = from.includes(":");
  return `PROXY ${six ? "TCP6" : "TCP4"} ${from} ${six ? "2001:db8::443" : "192.0.2.1"} ${port} 443\r\n`;
}

/** A header of version 2. */
export function proxyV2(
  from: string,
  port = 40_000,
  { command = 0x21, family, tlv = Buffer.alloc(0) }: { command?: number; family?: number; tlv?: Buffer } = {},
): Buffer {
  const address = parseAddress(from);
  if (address === undefined) throw new Error(`no address: ${from}`);
  const size = address.family === 4 ? 4 : 16;
  const body = Buffer.alloc(2 * size + 4);
  address.words.forEach((word, index) => body.writeUInt32BE(word, 4 * index));
  body.writeUInt16BE(port, 2 * size);
  body.writeUInt16BE(443, 2 * size + 2);
  const fixed = Buffer.alloc(16);
  fixed.write("0d0a0d0a000d0a515549540a", "hex");
  fixed[12] = command;
  fixed[13] = family ?? (address.family === 4 ? 0x11 : 0x21);
  fixed.writeUInt16BE(body.length + tlv.length, 14);
  return Buffer.concat([fixed, body, tlv]);
}
