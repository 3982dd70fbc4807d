import { createHash, randomBytes } from "node:crypto";
import { isThenable, type Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { readCookies, serializeCookie } from "../request/cookies.js";
import { isSecure } from "../request/origin.js";
import type { RequestView } from "../request/request-view.js";
import { DEFAULT_SERVICE } from "../service-name.js";
import type { GuardedStore } from "../store/guarded-store.js";
import type { Browser } from "./challenge-request.js";
import { KeyRing } from "./keys.js";
import type { AntibotResolved, SessionResolved } from "./options.js";

/** More values of one name than this are not tried (R17). */
const MAX_VALUES = 4;

interface Names {
  /** One name per secret, newest first. */
  readonly pass: readonly string[];
  readonly browser: readonly string[];
}

const NONE: readonly string[] = [];

/** Reads and writes the gate's two cookies: the pass, and the one that only shows that a browser keeps cookies. */
export class GateCookies {
  private readonly names = new Map<string, Names>();
  private hashes: ReadonlySet<string> | undefined;

  constructor(
    private readonly keys: KeyRing,
    private readonly sessions: SessionResolved,
  ) {}

  /** The values that might be a pass, the newest secret's first. */
  passes(client: Client, request: RequestView): readonly string[] {
    const header = request.raw.headers.cookie;
    if (header === undefined) return NONE;
    const { pass } = this.namesFor(client, isSecure(client, request));
    return pass.length === 1
      ? readCookies(header, pass[0] as string, MAX_VALUES)
      : pass.flatMap((name) => readCookies(header, name, MAX_VALUES));
  }

  /** Whether a Cookie header holds a pass of our name that no secret of this instance can have made, for any of `services`. */
  hasForeignPass(header: string, services: readonly string[]): boolean {
    const start = `${this.sessions.name}_p`;
    if (!header.includes(start)) return false;
    // The services of a gate never change.
    const ours = (this.hashes ??= new Set(
      services.flatMap((service) => this.keys.ids.map((id) => shortHash(`${service}\0${id}`))),
    ));
    return header.split(";", 64).some((pair) => {
      const name = (pair.split("=", 1)[0] as string).trim().replace(/^__Host-/, "");
      const hash = name.slice(start.length);
      return name.startsWith(start) && /^[0-9a-f]{8}$/.test(hash) && !ours.has(hash);
    });
  }

  /** The Set-Cookie header that stores a pass for `maxAge` seconds. */
  setPass(client: Client, request: RequestView, pass: string, maxAge: number): string {
    const secure = isSecure(client, request);
    return this.write(this.namesFor(client, secure).pass[0] as string, pass, secure, maxAge);
  }

  /** The browser of a request, and when its cookie was set, in ms; `undefined` without a cookie of ours. */
  browser(client: Client, request: RequestView): (Browser & { readonly issued: number }) | undefined {
    const header = request.raw.headers.cookie;
    for (const name of this.namesFor(client, isSecure(client, request)).browser) {
      for (const value of readCookies(header, name, MAX_VALUES)) {
        const text = this.keys.open("browser", [client.service ?? DEFAULT_SERVICE], value, 512);
        if (text === undefined) continue;
        const [id, issued] = JSON.parse(text) as [string, number];
        return { id, issued };
      }
    }
    return undefined;
  }

  /** A browser with a cookie to set until it closes. An `id` is renewed, since the pages of other tabs are bound to it. */
  setBrowser(
    client: Client,
    request: RequestView,
    now: number,
    id = randomBytes(9).toString("base64url"),
  ): Browser & { readonly cookie: string } {
    const secure = isSecure(client, request);
    const name = this.namesFor(client, secure).browser[0] as string;
    const value = this.keys.seal("browser", [client.service ?? DEFAULT_SERVICE], JSON.stringify([id, now]));
    return { id, cookie: this.write(name, value, secure) };
  }

  private write(name: string, value: string, secure: boolean, maxAge?: number): string {
    const crossSite = this.sessions.sameSite === "none" && secure;
    return serializeCookie(name, value, {
      path: "/",
      httpOnly: true,
      secure,
      sameSite: crossSite ? "none" : "lax",
      ...(crossSite ? { partitioned: true } : {}),
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(this.sessions.domain === undefined ? {} : { domain: this.sessions.domain }),
    });
  }

  // The hash keeps the cookies of two services or secrets on one host apart, so that neither overwrites the other's (R17).
  private namesFor({ service = DEFAULT_SERVICE }: Client, secure: boolean): Names {
    const key = secure ? `${service} s` : service;
    let names = this.names.get(key);
    if (names === undefined) {
      const host = secure && this.sessions.domain === undefined ? "__Host-" : "";
      const named = (part: string): string[] =>
        this.keys.ids.map((id) => `${host}${this.sessions.name}_${part}${shortHash(`${service}\0${id}`)}`);
      this.names.set(key, (names = { pass: named("p"), browser: named("b") }));
    }
    return names;
  }
}

/** What a gate derives from its secret: its keys and cookies. Readable once {@link ready} has returned or resolved. */
export class GateCrypto {
  keys!: KeyRing;
  cookies!: GateCookies;
  private hasSecret = false;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly store: GuardedStore,
    private readonly options: AntibotResolved,
  ) {}

  /** Returns `undefined` once the keys are there; else waits for the secret in the store, and rejects while that fails. */
  ready(): Promise<void> | undefined {
    if (this.hasSecret) return undefined;
    if (this.loading !== undefined) return this.loading;
    const { secret } = this.options.sessions;
    const secrets = secret.length > 0 ? secret : generatedSecret(this.store);
    if (!isThenable(secrets)) {
      this.use(secrets);
      return undefined;
    }
    this.loading = secrets.then((late) => this.use(late)).finally(() => (this.loading = undefined));
    return this.loading;
  }

  private use(secrets: readonly string[]): void {
    this.keys = new KeyRing(secrets);
    this.cookies = new GateCookies(this.keys, this.options.sessions);
    this.hasSecret = true;
  }
}

// Generated once per installation and kept in the store, so that all instances on a shared store have the same.
function generatedSecret(store: GuardedStore): Awaitable<readonly string[]> {
  const key = "state:secret|antibot";
  const fresh = randomBytes(32).toString("base64url");
  const read = (added: boolean): Awaitable<readonly string[]> => {
    if (added) return [fresh];
    const kept = store.get(key);
    return isThenable(kept) ? kept.then((text) => [text ?? fresh]) : [kept ?? fresh];
  };
  const added = store.add(key, fresh, 0);
  return isThenable(added) ? added.then(read) : read(added);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
