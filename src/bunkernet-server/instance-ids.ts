import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const HEX_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Ids of instances: UUIDs (version 4 in form) that contain their time of issue and a signature. The server stores nothing per id,
 * so registrations cannot fill its store.
 */
export class InstanceIds {
  constructor(private readonly key: Buffer) {}

  /** A new id. @param now in ms */
  issue(now: number): string {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(Math.floor(now / 1000) >>> 0, 0);
    randomBytes(4).copy(bytes, 4);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    this.sign(bytes).copy(bytes, 8);
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  /** When an id was issued, in ms; `undefined` = this server did not issue it. */
  issuedAt(id: string): number | undefined {
    const plain = id.toLowerCase();
    if (!HEX_ID.test(plain)) return undefined;
    const bytes = Buffer.from(plain.replaceAll("-", ""), "hex");
    if (!timingSafeEqual(this.sign(bytes), bytes.subarray(8))) return undefined;
    return bytes.readUInt32BE(0) * 1000;
  }

  // 62 bits: guesses are limited by the network and rate limits.
  private sign(bytes: Buffer): Buffer {
    const mac = createHmac("sha256", this.key).update(bytes.subarray(0, 8)).digest().subarray(0, 8);
    mac[0] = ((mac[0] as number) & 0x3f) | 0x80;
    return mac;
  }
}
