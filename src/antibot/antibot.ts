import type { IncomingMessage } from "node:http";
import { isClusterWorker } from "../cluster-worker.js";
import { BanProtection } from "../engine/ban-protection.js";
import { CarriedPasses } from "../engine/carried-passes.js";
import { Engine, type Middleware, type Running } from "../engine/engine.js";
import type { ReportProblem } from "../options/check.js";
import { allProblemsAtOnce, nearestName, readOptions } from "../options/table.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { MemoryStore } from "../store/memory-store.js";
import { checkProvider, isProviderName } from "./challenges/providers/check-provider.js";
import { GateProtection, type AntibotParts } from "./gate.js";
import { checkLookups } from "./lookups/options.js";
import { KIND_NAMES } from "./challenge-policy.js";
import { antibotTable, type AntibotOptions, type AntibotResolved } from "./options.js";

/** The gate's middleware, with its parts. */
export type Antibot = Middleware & Running & AntibotParts;

const table = { ...sharedTable, ...antibotTable };

/** See `antibot` of index.ts. */
export function antibot<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & AntibotOptions<Req>,
): Antibot {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    const input = (options as AntibotOptions | undefined) ?? {};
    checkAntibot({ input, options: read, store: read.store, prefix: "" }, report);
    return read;
  });
  const context = new Context(resolved, options as SharedOptions);
  const gate = new GateProtection(context, resolved);
  const carried = context.scope.get(CarriedPasses);
  context.onClose(carried.add((bearer, request) => gate.noteCarried(bearer, request)));
  const engine = new Engine(context, [new BanProtection(context, () => gate), gate]);
  return engine.asMiddleware(gate.parts(engine));
}

/** Options of the gate as they were given and as they were read. */
export interface AntibotInput {
  readonly input: Partial<AntibotOptions>;
  readonly options: AntibotResolved;
  readonly store: unknown;
  /** The path of the gate's options in errors; empty at the top. */
  readonly prefix: string;
}

/** Reports options of the gate that are wrong only together. */
export function checkAntibot({ input, options, store, prefix }: AntibotInput, report: ReportProblem): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  const names = Object.keys(antibotTable);
  // A misspelt name has been reported already.
  const misspelt = Object.keys(input).some(
    (name) => !names.includes(name) && nearestName(name, names) === "challenge",
  );
  if (input.challenge === undefined && !misspelt) {
    const kinds = KIND_NAMES.map((name) => `"${name}"`).join(", ");
    report({ path: at("challenge"), value: undefined, allowed: `what visitors must do: ${kinds}, …` });
  }
  for (const name of options.challenge.names)
    if (isProviderName(name)) checkProvider(name, options, at, report);
  checkLookups(options, at, report);
  const { successUri: value, sessions } = options;
  if (value.split(/[?#]/, 1)[0] === options.uri)
    report({ path: at("successUri"), value, allowed: "a path other than the challenge's" });
  if (sessions.secret.length === 0 && isClusterWorker() && store instanceof MemoryStore) {
    const allowed =
      "a secret that all workers share, or a store that they share: each worker would refuse the others' passes";
    report({ path: "sessions.secret", value: undefined, allowed });
  }
}
