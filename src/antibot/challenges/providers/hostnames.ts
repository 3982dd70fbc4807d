import type { Context } from "../../../engine/context.js";
import { normalHost } from "../../../request/services.js";
import type { Visit } from "../../challenge.js";
import { RIGHT, wrong, type ProviderName, type TokenResult } from "./provider.js";

/** Checks where a token was solved: another site may show our widget and pass its visitors' tokens on. */
export class Hostnames {
  /** The site's names; empty = the Host of each request. */
  private readonly names: ReadonlySet<string>;

  constructor(
    private readonly context: Context,
    private readonly provider: ProviderName,
    private readonly title: string,
    hostnames: readonly string[],
  ) {
    const { services } = context.options;
    const names =
      hostnames.length > 0 ? hostnames : [...services].flatMap(([name, aliases]) => [name, ...aliases]);
    this.names = new Set(names.map(normalHost));
  }

  /** The result for the host name that the provider reports. */
  check(hostname: unknown, { request }: Visit): TokenResult {
    if (typeof hostname !== "string") return wrong("no hostname");
    const solvedOn = normalHost(hostname);
    const host = request.header("host") ?? request.raw.headers[":authority"];
    const ours = this.names.size > 0 ? this.names : new Set([normalHost(String(host ?? ""))]);
    if (ours.has(solvedOn)) return RIGHT;
    const { title, provider } = this;
    this.context.events.warn(
      "WRN_BUNKER_PROVIDER",
      `${title} reports a token that was solved on ${JSON.stringify(solvedOn.slice(0, 100))}, but this site is ${[...ours].slice(0, 4).join(", ")}; list your own host names in antibot.${provider}.hostnames`,
      `${title} ${solvedOn.slice(0, 100)}`,
    );
    return wrong("hostname");
  }
}
