import type { Context } from "../engine/context.js";
import type { ChallengeKind } from "./challenge.js";
import { CaptchaChallenge } from "./challenges/captcha/captcha-challenge.js";
import { javascriptChallenge } from "./challenges/javascript.js";
import { isProviderName } from "./challenges/providers/check-provider.js";
import { providerChallenge } from "./challenges/providers/providers.js";
import { isKindName, KIND_NAMES, type KindName } from "./challenge-policy.js";
import type { AntibotResolved } from "./options.js";

/** The browser only has to send our cookie back (BunkerWeb's `cookie`). */
const cookieChallenge: ChallengeKind<null> = {
  name: "cookie",
  spend: "never",
  silent: true,
  issue: () => null,
  page: () => ({ body: "" }),
  // The gate calls this only when the cookie came back.
  verify: () => true,
};

/** The challenge kinds of one gate: its own, and the built-in ones with its options, made when they are first used. */
export class ChallengeRegistry {
  private readonly kinds: Map<string, ChallengeKind>;

  constructor(
    private readonly options: AntibotResolved,
    private readonly context: Context,
  ) {
    this.kinds = new Map(options.challenge.own.map((kind) => [kind.name, kind]));
    // Providers are made at once, since they log which hosts will learn visitors' addresses (R37). What a hook returns is
    // not known yet: any provider with a key may be used.
    const { names } = options.challenge;
    for (const name of KIND_NAMES) {
      if (!isProviderName(name)) continue;
      if (names.length > 0 ? names.includes(name) : options[name].siteKey !== "") this.get(name);
    }
  }

  get(name: string): ChallengeKind | undefined {
    const known = this.kinds.get(name);
    if (known !== undefined || !isKindName(name)) return known;
    const kind = this.make(name);
    this.kinds.set(name, kind);
    return kind;
  }

  // The state's type is lost here: a kind only ever gets back what its own `issue` returned.
  private make(name: KindName): ChallengeKind {
    if (isProviderName(name)) return providerChallenge(name, this.options, this.context);
    if (name === "captcha") return new CaptchaChallenge(this.options.captcha, this.context);
    return name === "cookie" ? cookieChallenge : javascriptChallenge;
  }
}
