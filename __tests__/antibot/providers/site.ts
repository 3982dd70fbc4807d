import { antibot, badBehavior } from "../../../src/index.js";
import type { Antibot, AntibotOptions, BunkerEvent, SharedOptions } from "../../../src/index.js";
import { ask, Jar, NAVIGATION, type Got } from "../../support/ask.js";
import { Clock } from "../../support/clock.js";
import { site } from "../../support/site.js";
import { openChallenge, workOf, type Work } from "../../support/work.js";

export const VISITOR = "8.8.8.8";

/** What a widget's page is told. */
export interface WidgetConfig extends Work {
  readonly mode: string;
  readonly script?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A gated site, its log and its events. */
export interface Site {
  readonly url: string;
  readonly clock: Clock;
  readonly gate: Antibot;
  readonly events: readonly (readonly [string, BunkerEvent])[];
  readonly log: readonly string[];
  /** The kinds in the pass of each request that the gate let in. */
  readonly passes: readonly (readonly string[])[];
  readonly close: () => Promise<void>;
}

/** Serves a site behind the gate and Bad Behavior. */
export async function gatedSite(
  options: Partial<AntibotOptions> & SharedOptions,
  clock = new Clock(),
): Promise<Site> {
  const sessions = { secret: "a secret of enough characters" };
  const passes: (readonly string[])[] = [];
  const { url, guard, events, lines, close } = await site(
    (shared) => antibot({ challenge: "cookie", difficulty: 16, sessions, ...shared, ...options }),
    {
      clock,
      mount: (gate, shared) => [
        badBehavior(shared),
        gate,
        (req, _res, next) => {
          passes.push(req.bunker?.pass?.kinds ?? []);
          next();
        },
      ],
      record: ["challenged", "solved", "failed", "fault", "banned"],
    },
  );
  return {
    url,
    clock,
    gate: guard,
    get events() {
      return events.map((event) => [event.type, event] as const);
    },
    log: lines,
    passes,
    close,
  };
}

/** One visitor: its cookies, and the page that it sees. */
export class Visitor {
  readonly jar = new Jar();
  page: Got | undefined = undefined;

  constructor(
    private readonly site: Site,
    private readonly from = VISITOR,
  ) {}

  /** Opens the site and meets the challenge. */
  async meet(target = "/deep?x=1"): Promise<WidgetConfig> {
    this.page = await openChallenge(this.site.url, target, this.jar, { from: this.from });
    return this.config;
  }

  get config(): WidgetConfig {
    return workOf(this.page?.text ?? "") as WidgetConfig;
  }

  /** Posts an answer to the challenge that is shown, as the page's form does. */
  post(fields: Record<string, string>, state = this.config.state): Promise<Got> {
    return this.send(
      "application/x-www-form-urlencoded",
      new URLSearchParams({ state, ...fields }).toString(),
    );
  }

  /** Posts any body to the challenge. */
  async send(type: string, body: string): Promise<Got> {
    const got = await ask(this.site.url, "/challenge", {
      method: "POST",
      from: this.from,
      headers: { ...NAVIGATION, ...this.jar.header, "Content-Type": type, "Sec-Fetch-Site": "same-origin" },
      body,
    });
    this.jar.take(got);
    return got;
  }

  /** The status of the site itself. */
  async status(): Promise<number> {
    const got = await ask(this.site.url, "/deep?x=1", { from: this.from, headers: this.jar.header });
    return got.status;
  }
}
