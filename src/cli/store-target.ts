import { bunker } from "../bunker/bunker.js";
import { lookupsOf } from "./lookups-of.js";
import { carryOut, type ControlParts } from "../control/carry-out.js";
import type { ControlRequest, ControlResults, Json, RequestOf } from "../control/messages.js";
import { banIndexOf } from "../bans/ban-index.js";
import { BanList } from "../bans/ban-list.js";
import type { Store } from "../store/store.js";
import { CliError } from "./exit-code.js";
import type { Given } from "./arguments.js";
import { optionsFromSettings } from "./settings-option.js";
import type { Target } from "./target.js";

/** A store with the settings of the apps that share it, asked as an app would be. */
export class StoreTarget implements Target {
  constructor(
    private readonly store: Store,
    readonly where: string,
    private readonly given: Given,
  ) {}

  async ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>> {
    await banIndexOf(this.store).ready();
    const result = await carryOut(this.parts(), request);
    return JSON.parse(JSON.stringify(result)) as Json<ControlResults[C]>;
  }

  async close(): Promise<void> {
    await this.store.close?.();
  }

  private parts(): ControlParts {
    const { store, given } = this;
    return {
      bans: new BanList(store),
      async explain(subject) {
        const { options } = optionsFromSettings(given);
        const app = bunker({ ...options, store, logger: false });
        try {
          return await app.explain(subject);
        } finally {
          await app.close();
        }
      },
      get lookups() {
        return lookupsOf(optionsFromSettings(given).options, given);
      },
      health() {
        throw new CliError("only a running app can say how it fares");
      },
      bunkernet: undefined,
    };
  }
}
