import { bunker, type Bunker } from "../bunker/bunker.js";
import { StoreScope } from "../store/store-scope.js";
import { BanIndex } from "../bans/ban-index.js";
import { BanList } from "../bans/ban-list.js";
import { carryOut } from "../control/carry-out.js";
import type { ControlRequest, ControlResults, Json, RequestOf } from "../control/messages.js";
import { SecurityMode, type Mode } from "../engine/security-mode.js";
import { modeSet, switchMode, type ModeInForce, type ModeOptions } from "../engine/switch-mode.js";
import type { Store } from "../store/store.js";
import type { Args } from "./command.js";
import { CliError } from "./exit-code.js";
import { lookupsOf } from "./lookups-of.js";
import { optionsFromSettings } from "./settings-option.js";

/** Where a command's request goes: a running app, or the Redis that apps share. */
export interface Target {
  /** Its name, for people. */
  readonly where: string;
  /** Rejects with what went wrong. */
  ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>>;
  close(): Promise<void>;
}

/** A store with the settings of the apps that share it; it carries requests out as such an app would. */
export class StoreTarget implements Target {
  constructor(
    private readonly store: Store,
    readonly where: string,
    private readonly args: Args,
  ) {}

  async ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>> {
    const { store, args } = this;
    await StoreScope.of(store).get(BanIndex).ready();
    const parts = {
      bans: new BanList(store),
      async explain(subject: Parameters<Bunker["explain"]>[0]) {
        const app = bunker({ ...optionsFromSettings(args).options, store, logger: false });
        try {
          return await app.explain(subject);
        } finally {
          await app.close();
        }
      },
      async mode(mode?: Mode | "configured", options?: ModeOptions): Promise<Partial<ModeInForce>> {
        const securityMode = StoreScope.of(store).get(SecurityMode);
        await securityMode.ready();
        if (mode !== undefined) await switchMode(securityMode, mode, options);
        return modeSet(securityMode);
      },
      get lookups() {
        return lookupsOf(optionsFromSettings(args).options, args);
      },
      health() {
        throw new CliError("only a running app knows its health");
      },
      bunkernet: undefined,
    };
    return JSON.parse(JSON.stringify(await carryOut(parts, request))) as Json<ControlResults[C]>;
  }

  async close(): Promise<void> {
    await this.store.close?.();
  }
}
