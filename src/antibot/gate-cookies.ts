import { createHash, randomBytes } from "node:crypto";
import type { Client } from "../request/client.js";
import { readCookies, serializeCookie } from "../request/cookies.js";
import { isSecure } from "../request/origin.js";
import type { RequestView } from "../request/request-view.js";
import type { KeyRing } from "./keys.js";
import type { SessionResolved } from "./options.js";

/** More values of one name than this are not tried (R17). */
const MOST_VALUES = 4;

interface Names {
  /** One a secret, newest first. */
  readonly pass: readonly string[];
  readonly browser: readonly string[];
}

/** Reads and writes the gate's two cookies: the pass, and the one that only shows that a browser keeps cookies. */
export class GateCookies {
  private readonly names = new Map<string, Names>();
  private hashes: ReadonlySet<string> | undefined;

  constructor(
    private readonly keys: KeyRing,
    private readonly sessions: SessionResolved,
  ) {}

  /** The values that might be a pass, newest secret's first. */
  passes(client: Client, request: RequestView, service: string): readonly string[] {
    const header = request.raw.headers.cookie;
    if (header === undefined) return NONE;
    const { pass } = this.namesFor(service, isSecure(client, request));
    return pass.length === 1
      ? readCookies(header, pass[0] as string, MOST_VALUES)
      : pass.flatMap((name) => readCookies(header, name, MOST_VALUES));
  }

  /** Whether the Cookie header carries a pass of our name that none of our secrets could have made, for any of `services`. */
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

  /** The cookie that carries a pass, for `maxAge` seconds. */
  setPass(client: Client, request: RequestView, service: string, value: string, maxAge: number): string {
    return this.write(
      this.namesFor(service, isSecure(client, request)).pass[0] as string,
      value,
      maxAge,
      client,
      request,
    );
  }

  /** When the browser cookie that came back was set, in ms, and its id; `undefined` when none of ours came. */
  browser(
    client: Client,
    request: RequestView,
    service: string,
  ): { readonly id: string; readonly issued: number } | undefined {
    const header = request.raw.headers.cookie;
    for (const name of this.namesFor(service, isSecure(client, request)).browser) {
      for (const value of readCookies(header, name, MOST_VALUES)) {
        const text = value.length > 512 ? undefined : this.keys.open("browser", [service], value);
        if (text === undefined) continue;
        const [id, issued] = JSON.parse(text) as [string, number];
        return { id, issued };
      }
    }
    return undefined;
  }

  /** A browser cookie, new or renewed under the id it had (other tabs hold on to that): it lasts as long as the browser runs. */
  setBrowser(
    client: Client,
    request: RequestView,
    service: string,
    now: number,
    id = randomBytes(9).toString("base64url"),
  ): { readonly id: string; readonly cookie: string } {
    const name = this.namesFor(service, isSecure(client, request)).browser[0] as string;
    const value = this.keys.seal("browser", [service], JSON.stringify([id, now]));
    return { id, cookie: this.write(name, value, undefined, client, request) };
  }

  private write(
    name: string,
    value: string,
    maxAge: number | undefined,
    client: Client,
    request: RequestView,
  ): string {
    const secure = isSecure(client, request);
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
  private namesFor(service: string, secure: boolean): Names {
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

const NONE: readonly string[] = [];

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
