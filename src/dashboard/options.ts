import type { IncomingMessage, ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { Bunker } from "../bunker/bunker.js";
import { optionsInForce } from "../bunker/options.js";
import { check, hook } from "../options/check.js";
import { readOptions, type AnyTable } from "../options/table.js";
import type { ReportProblem } from "../options/check.js";

/**
 * Decides whether a request comes from an operator. When it returns `false` without having responded, the request is refused with 403.
 */
export type Authorize = (req: IncomingMessage, res: ServerResponse) => Awaitable<boolean>;

/** Options of {@link dashboard}. */
export interface DashboardOptions {
  /** What `bunker()` has returned. Required. */
  bunker: Bunker;
  /** Called for every request; who passes sees addresses and may ban. Required: `basicAuth({ users })`, or a check of your own. */
  authorize: Authorize;
}

const guardCheck = check<Bunker>("what bunker() has returned", (value) =>
  typeof value === "function" && optionsInForce(value) !== undefined ? (value as Bunker) : undefined,
);

const dashboardTable = {
  bunker: { check: guardCheck, default: undefined, help: "What `bunker()` has returned." },
  authorize: {
    check: hook<Authorize>("(req, res) => boolean or a promise of one, such as basicAuth({ users })"),
    default: undefined,
    help: "Decides whether a request comes from an operator.",
  },
} satisfies AnyTable;

/** Reads the options; what is missing is reported, too. */
export function readDashboardOptions(options: unknown, report: ReportProblem): DashboardOptions {
  const read = readOptions(dashboardTable, options, "", report);
  const given = (typeof options === "object" && options !== null ? options : {}) as Partial<DashboardOptions>;
  for (const name of ["bunker", "authorize"] as const)
    if (given[name] === undefined)
      report({ path: name, value: undefined, allowed: dashboardTable[name].check.allowed });
  // Where a problem was reported, the caller throws.
  return read as DashboardOptions;
}
