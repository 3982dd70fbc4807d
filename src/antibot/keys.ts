import crypto from "node:crypto";

const PURPOSES = ["challenge", "browser", "pass", "destination", "form"] as const;

/** What a derived key is for; what is made with one cannot be used in place of what another made. */
export type KeyPurpose = (typeof PURPOSES)[number];

interface Derived {
  /** Identifies the secret without revealing it: 4 bytes. */
  readonly id: Buffer;
  readonly keys: Readonly<Record<KeyPurpose, Buffer>>;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAC_BYTES = 32;
const ID_BYTES = 4;

/** The keys of a gate: the first secret seals and signs, all of them open and verify, so that secrets can be rotated. */
export class KeyRing {
  private readonly derived: readonly Derived[];
  private readonly newest: Derived;
  private readonly ivs = Buffer.alloc(IV_BYTES * 512);
  private nextIv = this.ivs.length;

  constructor(secrets: readonly string[]) {
    this.derived = secrets.map((secret) => ({
      id: derive(secret, "key id", ID_BYTES),
      keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, derive(secret, purpose, 32)])) as Record<
        KeyPurpose,
        Buffer
      >,
    }));
    this.newest = this.derived[0] as Derived;
  }

  get ids(): string[] {
    return this.derived.map(({ id }) => id.toString("hex"));
  }

  /** Seals `text` with AES-256-GCM; only the same purpose and context open it. */
  seal(purpose: KeyPurpose, context: readonly string[], text: string): string {
    const { id, keys } = this.newest;
    const iv = this.freshIv();
    const cipher = crypto.createCipheriv("aes-256-gcm", keys[purpose], iv);
    cipher.setAAD(lengthPrefixed([purpose, ...context]));
    const sealed = [cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat([id, iv, ...sealed]).toString("base64url");
  }

  /** Opens what {@link seal} made, of at most `max` characters; `undefined` for anything else. */
  open(
    purpose: KeyPurpose,
    context: readonly string[],
    token: string | undefined,
    max = 8192,
  ): string | undefined {
    const bytes = token === undefined || token.length > max ? undefined : decode(token);
    if (bytes === undefined || bytes.length < ID_BYTES + IV_BYTES + TAG_BYTES) return undefined;
    const key = this.derivedFrom(bytes.subarray(0, ID_BYTES))?.keys[purpose];
    if (key === undefined) return undefined;
    const iv = bytes.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
    const sealed = bytes.subarray(ID_BYTES + IV_BYTES, bytes.length - TAG_BYTES);
    try {
      const decipher = crypto.createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(lengthPrefixed([purpose, ...context]));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      return decipher.update(sealed, undefined, "utf8") + decipher.final("utf8");
    } catch {
      return undefined;
    }
  }

  /** Signs `text` with HMAC-SHA256: the text stays readable. */
  sign(purpose: KeyPurpose, context: readonly string[], text: string): string {
    const { id, keys } = this.newest;
    const payload = Buffer.from(text, "utf8");
    return Buffer.concat([id, mac(keys[purpose], purpose, context, text), payload]).toString("base64url");
  }

  /** The text that {@link sign} signed; `undefined` for anything else. */
  verify(purpose: KeyPurpose, context: readonly string[], token: string): string | undefined {
    const bytes = decode(token);
    if (bytes === undefined || bytes.length < ID_BYTES + MAC_BYTES) return undefined;
    const key = this.derivedFrom(bytes.subarray(0, ID_BYTES))?.keys[purpose];
    if (key === undefined) return undefined;
    const text = bytes.toString("utf8", ID_BYTES + MAC_BYTES);
    const signature = bytes.subarray(ID_BYTES, ID_BYTES + MAC_BYTES);
    return crypto.timingSafeEqual(mac(key, purpose, context, text), signature) ? text : undefined;
  }

  private derivedFrom(id: Buffer): Derived | undefined {
    return this.derived.find((one) => one.id.equals(id));
  }

  // Random numbers are drawn many at a time: one system call per token would be most of its cost.
  private freshIv(): Buffer {
    if (this.nextIv >= this.ivs.length) {
      crypto.randomFillSync(this.ivs);
      this.nextIv = 0;
    }
    return this.ivs.subarray(this.nextIv, (this.nextIv += IV_BYTES));
  }
}

function mac(key: Buffer, purpose: string, context: readonly string[], text: string): Buffer {
  return crypto
    .createHmac("sha256", key)
    .update(lengthPrefixed([purpose, ...context, text]))
    .digest();
}

// Each part follows its length, so that no bytes can move from one part into the next.
function lengthPrefixed(parts: readonly string[]): Buffer {
  const chunks = parts.flatMap((part) => {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(chunks);
}

function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(crypto.hkdfSync("sha256", secret, "express-bunker", purpose, bytes));
}

// Buffer.from skips characters that are not base64url; a token must have exactly one spelling.
function decode(token: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  return bytes.toString("base64url") === token ? bytes : undefined;
}
