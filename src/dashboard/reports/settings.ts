import type { Check } from "../../options/check.js";
import { originOf } from "../../options/settings-origin.js";
import type { AnyTable } from "../../options/table.js";
import type { Settings } from "../api.js";
import type { Watched } from "../watched.js";
import { shownValue } from "./shown-value.js";

type Group = Settings["groups"][number];
type Row = Group["options"][number];

/** What {@link rowsOf} walks through. */
interface Walk {
  readonly table: AnyTable;
  /** The options as they were given, and as they were read. */
  readonly given: unknown;
  readonly read: unknown;
  /** The path of the group; empty for the outermost one. */
  readonly path: string;
  readonly originAt: (path: string) => string;
}

/** Returns the options in force and where each came from, and what `mode: "block"` would have done in the last 24 hours. */
export async function settings({ options, history }: Watched): Promise<Settings> {
  const { input, setup, table, serviceTable } = options;
  const originAt = (path: string): string => {
    const origin = originOf(input, path);
    return origin === undefined ? "options" : `${origin.setting} (${origin.from})`;
  };
  const groups = new Map<string, Row[]>();
  for (const [name, spec] of Object.entries(table)) {
    const isPart = tableOf(spec.check) !== undefined;
    const rows = rowsOf({
      table: { [name]: spec },
      given: pick(input, name),
      read: pick(setup.common, name),
      path: "",
      originAt,
    });
    const part = isPart ? name : "common";
    groups.set(part, [...(groups.get(part) ?? []), ...rows]);
  }
  const inputServices = fieldsOf(fieldsOf(input)["services"]);
  const services = Object.fromEntries(
    [...setup.services].map(([name, read]) => {
      const given = inputServices[name];
      const rows = rowsOf({ table: serviceTable, given, read, path: "", originAt: () => "options" });
      const own = rows.filter(({ isDefault }) => !isDefault);
      return [name, own.map(({ name: option, value, from }) => ({ name: option, value, from }))];
    }),
  );
  return {
    groups: [...groups].map(([part, rows]) => ({
      part,
      on: part === "common" || fieldsOf(setup.common)[part] !== false,
      options: rows,
    })),
    services,
    forecast: forecastOf((await history.counts("24h")).now),
  };
}

function rowsOf({ table, given, read, path, originAt }: Walk): Row[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const value = fieldsOf(read)[name];
    const input = fieldsOf(given)[name];
    const inner = tableOf(spec.check);
    if (inner !== undefined && typeof value === "object" && value !== null)
      return rowsOf({ table: inner, given: input, read: value, path: at, originAt });
    const isDefault = input === undefined;
    const { help, setting, secret } = spec;
    const hidden = secret === true && value !== undefined && value !== "";
    return [
      {
        name: at,
        value: hidden ? "(hidden)" : shownItem(spec.check, at, isDefault ? value : input),
        from: isDefault ? "default" : originAt(at),
        isDefault,
        help,
        ...(setting === undefined ? {} : { setting }),
      },
    ];
  });
}

// Groups in a list may have secrets, too.
function shownItem({ item }: Check<unknown>, path: string, value: unknown): string {
  const table = item && tableOf(item);
  if (table === undefined || !Array.isArray(value)) return shownValue(path, value);
  return JSON.stringify(
    value.map((one: unknown) =>
      Object.fromEntries(
        Object.entries(fieldsOf(one)).map(([name, inner]) => [
          name,
          table[name]?.secret === false || table[name]?.secret === undefined ? inner : "(hidden)",
        ]),
      ),
    ),
  ).slice(0, 500);
}

type Counts = Awaited<ReturnType<Watched["history"]["counts"]>>["now"];

function forecastOf(counts: Counts): Settings["forecast"] {
  const { requests, wouldDeny, wouldChallenge, wouldBan } = counts;
  return {
    range: "24h",
    requests,
    wouldDeny,
    wouldChallenge,
    wouldBan,
    denyBy: counts.wouldDenyBy.map(({ labels, count }) => ({ ...labels, count })),
    challengeBy: counts.wouldChallengeBy.map(({ labels, count }) => ({ ...labels, count })),
    banBy: counts.wouldBanBy.map(({ labels, count }) => ({ ...labels, count })),
    services: counts.services.map(
      ({ service, requests: seen, wouldDeny: deny, wouldChallenge: challenge, wouldBan: ban }) => ({
        service,
        requests: seen,
        wouldDeny: deny,
        wouldChallenge: challenge,
        wouldBan: ban,
      }),
    ),
  };
}

function tableOf({ table }: Pick<Check<unknown>, "table">): AnyTable | undefined {
  return table as AnyTable | undefined;
}

function pick(from: unknown, name: string): Readonly<Record<string, unknown>> {
  return { [name]: fieldsOf(from)[name] };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
