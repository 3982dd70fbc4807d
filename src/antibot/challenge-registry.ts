import type { Context } from "../engine/context.js";
import type { ChallengeKind } from "./challenge.js";
import { CaptchaChallenge } from "./challenges/captcha/captcha-challenge.js";
import { cookieChallenge } from "./challenges/cookie.js";
import { javascriptChallenge } from "./challenges/javascript.js";
import { isProviderName } from "./challenges/providers/checks.js";
import { providerChallenge } from "./challenges/providers/providers.js";
import { isKindName, KIND_NAMES, type KindName } from "./kind-names.js";
import type { AntibotResolved } from "./options.js";

// A kind's state is its own business: only what its `issue` answered ever comes back to it.
const MAKERS: Readonly<Record<KindName, (options: AntibotResolved, context: Context) => ChallengeKind>> = {
  cookie: () => cookieChallenge,
  javascript: () => javascriptChallenge,
  captcha: (options, context) => new CaptchaChallenge(options.captcha, context),
  recaptcha: (options, context) => providerChallenge("recaptcha", options, context),
  hcaptcha: (options, context) => providerChallenge("hcaptcha", options, context),
  turnstile: (options, context) => providerChallenge("turnstile", options, context),
  mcaptcha: (options, context) => providerChallenge("mcaptcha", options, context),
  capjs: (options, context) => providerChallenge("capjs", options, context),
};

/** The kinds of one gate: its own, and built-in ones with its options, made when they are first asked for. */
export class ChallengeRegistry {
  private readonly made: Map<string, ChallengeKind>;

  constructor(
    private readonly options: AntibotResolved,
    private readonly context: Context,
  ) {
    this.made = new Map(options.challenge.own.map((kind) => [kind.name, kind]));
    // Made at once, since they tell the log who will learn visitors' addresses (R37).
    // What a hook picks is not known yet: whatever has keys may be.
    const { names } = options.challenge;
    for (const name of KIND_NAMES) {
      if (!isProviderName(name)) continue;
      if (names.length > 0 ? names.includes(name) : options[name].siteKey !== "") this.get(name);
    }
  }

  /** The kind of that name; `undefined` = there is none. */
  get(name: string): ChallengeKind | undefined {
    const known = this.made.get(name);
    if (known !== undefined || !isKindName(name)) return known;
    const kind = MAKERS[name](this.options, this.context);
    this.made.set(name, kind);
    return kind;
  }
}
