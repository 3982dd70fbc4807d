import type { Context } from "../engine/context.js";
import type { MeterReader } from "../meter.js";
import type * as SignsModule from "./signs.js";
import type { SignOptions, Signs } from "./signs.js";

/** How many middlewares on one store have their traffic watched. */
class Watching {
  users = 0;
  stop: () => void = () => undefined;
}

/**
 * Watches the traffic of all middlewares on the store of `context` for signs that visitors are refused by mistake, until the context
 * of everybody who has asked for it is closed.
 */
export function watchTraffic(context: Context, options: SignOptions): void {
  const watching = context.scope.get(Watching);
  if (watching.users++ === 0) watching.stop = start(context, options);
  context.onClose(() => {
    if (--watching.users === 0) watching.stop();
  });
}

function load(): typeof SignsModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("./signs.js") as typeof SignsModule;
}

function start({ events, meter, now }: Context, options: SignOptions): () => void {
  let signs: Signs | undefined;
  // Loaded with the first request that they look at.
  const all = (): Signs => (signs ??= new (load().Signs)({ events, now }, options));
  const reader: MeterReader = {
    sampled: (request, isProxy) => all().sampled(request, isProxy),
    refused: (type, refusal, place, request) => all().refused(type, refusal, place, request),
    counted: (status, request) => all().counted(status, request),
    issued: () => all().issued(),
  };
  const stops = [
    meter.add(reader),
    events.onBrief("solved", () => all().solved()),
    events.onBrief("banned", (event) => all().banned(event)),
  ];
  return () => {
    for (const stop of stops) stop();
    signs?.close();
  };
}
