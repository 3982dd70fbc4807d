import type { ControlRequest, ControlResults, Json, RequestOf } from "../control/messages.js";

/** Where a command's request goes: a running app, or the Redis that apps share. */
export interface Target {
  /** Its name, for people. */
  readonly where: string;
  /** Rejects with what went wrong. */
  ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>>;
  close(): Promise<void>;
}
