import { modeInForce } from "../../engine/switch-mode.js";
import type { ModeState } from "../api.js";
import type { Watched } from "../watched.js";

export function modeState({ engine }: Pick<Watched, "engine">): ModeState {
  const { mode, configured, until, services } = modeInForce(engine);
  return {
    mode,
    configured,
    ...(until === undefined ? {} : { until: until === null ? null : until.getTime() }),
    ...(services === undefined ? {} : { services }),
  };
}
