import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { StoreFailure } from "../errors.js";
import type { Gate, Protection, ProtectionExplanation, ProtectionHealth } from "./protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "./context.js";
import { PASS, type Verdict } from "../request/verdict.js";
import { withTimeout } from "../with-timeout.js";
import { isThenable } from "../awaitable.js";
import type { Ban } from "../bans/ban.js";
import type { FoundBan } from "../bans/ban-index.js";

/** How long the first requests wait until the bans in the store are loaded, in ms. */
const LOAD_DEADLINE_MS = 2000;

/** Refuses banned clients. It is the first protection of every middleware. */
export class BanProtection implements Protection {
  readonly name = "bans";

  /** @param gate the gate for bans with the action `challenge`; without one those clients are refused, too */
  constructor(
    private readonly context: Context,
    private readonly gate?: () => Gate | undefined,
  ) {}

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    const { banIndex, securityMode } = this.context;
    const loading = banIndex.ready();
    // Where the mode cannot be read, the configured one is in force.
    const reading = securityMode.ready()?.catch(() => undefined);
    if (loading === undefined && reading === undefined) return this.look(client, request);
    // A ban that was added in this process meanwhile is in force without the store.
    const known = banIndex.find(client, client.service);
    if (known !== undefined && loading !== undefined) {
      loading.catch(() => undefined);
      return this.refuse(known, client, request);
    }
    return withTimeout(Promise.all([loading, reading]), LOAD_DEADLINE_MS, late).then(
      () => this.look(client, request),
      (error: unknown) => {
        throw new StoreFailure(error);
      },
    );
  }

  async explain(client: Client, request: RequestView): Promise<ProtectionExplanation> {
    await this.context.banIndex.ready();
    const ban = this.context.banIndex.find(client, client.service);
    if (ban === undefined) return { verdict: "pass", reason: "not banned" };
    const [{ action }, whole] = await Promise.all([
      this.refuse(ban, client, request),
      this.context.banIndex.read(ban),
    ]);
    return { verdict: action, reason: whole.reason, data: whole };
  }

  health(): ProtectionHealth {
    const { problem } = this.context.options.store;
    return problem === undefined ? { ok: true, problems: [] } : { ok: false, problems: [problem] };
  }

  private look(client: Client, request: RequestView): Awaitable<Verdict> {
    const ban = this.context.banIndex.find(client, client.service);
    return ban === undefined ? PASS : this.refuse(ban, client, request);
  }

  private refuse(found: FoundBan, client: Client, request: RequestView): Awaitable<Verdict> {
    const gate = found.action === "challenge" ? this.gate?.() : undefined;
    if (gate !== undefined) return gate.challenge(client, request);
    const { events, options, banIndex } = this.context;
    const isAsked = options.deny.render !== undefined || events.needsEvidence("denied");
    if (!isAsked && found.reason !== undefined)
      return { action: "deny", protection: this.name, reason: found.reason, data: {} };
    // The store has the evidence; under attack it is asked only if there is somebody to see it.
    const ban = banIndex.read(found);
    return isThenable(ban) ? ban.then((late) => this.denial(late)) : this.denial(ban);
  }

  private denial(ban: Ban): Verdict {
    return {
      action: "deny",
      protection: this.name,
      reason: ban.reason,
      // Parsed only on demand: under attack there are thousands of refusals a second.
      get data() {
        return ban.data;
      },
      ban,
    };
  }
}

function late(): never {
  throw new Error(`bans were not read within ${LOAD_DEADLINE_MS} ms`);
}
