import type { Context } from "../../../engine/context.js";
import { normalHost } from "../../../request/services.js";
import type { Visit } from "../../challenge.js";
import { RIGHT, wrong, type Judgement } from "./vendor.js";

/** Checks where a token was solved: a page of somebody else may show our widget and pass on what it earns. */
export class Hostnames {
  private readonly fixed: ReadonlySet<string>;

  constructor(
    private readonly context: Context,
    given: readonly string[],
    private readonly about: { readonly title: string; readonly option: string },
  ) {
    const { services } = context.options;
    const named = given.length > 0 ? given : [...services].flatMap(([name, aliases]) => [name, ...aliases]);
    this.fixed = new Set(named.map(normalHost));
  }

  /** Whether `hostname`, as the provider tells it, is one of ours. */
  judge(hostname: unknown, { request }: Visit): Judgement {
    if (typeof hostname !== "string") return wrong("no hostname");
    const solvedOn = normalHost(hostname);
    const host = request.header("host") ?? request.raw.headers[":authority"];
    const ours = this.fixed.size > 0 ? this.fixed : new Set([normalHost(String(host ?? ""))]);
    if (ours.has(solvedOn)) return RIGHT;
    const { title, option } = this.about;
    this.context.events.warn(
      "WRN_BUNKER_PROVIDER",
      `${title} says that an answer was given on ${JSON.stringify(solvedOn.slice(0, 100))}, but this site is ${[...ours].slice(0, 4).join(", ")}; name your own host names in ${option}`,
      `${title} ${solvedOn.slice(0, 100)}`,
    );
    return wrong("hostname");
  }
}
