type Entries = readonly (readonly [string, unknown])[];

/** BunkerWeb's own services with settings in their environment, by precedence. */
const HOLDERS = ["bw-scheduler", "scheduler", "bunkerweb", "bw", "mybunker"];

/**
 * The settings in a JSON or YAML file: its top level; its `environment`; or, of a compose file, the environment of
 * BunkerWeb's scheduler, of BunkerWeb itself, or of the one service that has any.
 */
export function environmentOf(value: unknown): Entries | undefined {
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value)) return pairs(value);
  if (!isObject(value)) return undefined;
  if ("environment" in value) return pairs(value["environment"]);
  const { services } = value;
  if (!isObject(services)) return Object.entries(value);
  const environments = Object.entries(services)
    .filter(([, service]) => isObject(service) && "environment" in service)
    .map(([name, service]) => [name, (service as Record<string, unknown>)["environment"]] as const);
  const holder =
    HOLDERS.map((name) => environments.find(([known]) => known === name)).find(
      (found) => found !== undefined,
    ) ?? (environments.length === 1 ? environments[0] : undefined);
  return holder && pairs(holder[1]);
}

// Compose takes a mapping or a list of NAME=value.
function pairs(value: unknown): Entries | undefined {
  if (value === null || value === "") return [];
  if (isObject(value)) return Object.entries(value);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter((line): line is string => typeof line === "string")
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? ([line, undefined] as const) : ([line.slice(0, at), line.slice(at + 1)] as const);
    });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
