import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const ROOT = join(__dirname, "../..");
export const COMPOSE = join(ROOT, "examples/compose");

/** Returns the text of a file below examples/. */
export function read(path: string): string {
  return readFileSync(join(ROOT, "examples", path), "utf8");
}

/** A service of compose.yaml, as far as the tests look at it. */
interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks: Readonly<Record<string, { readonly ipv4_address?: string }>>;
}

/** The parts of compose.yaml that the tests look at. */
interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<
    Record<string, { readonly internal?: boolean; readonly ipam?: { readonly config: readonly unknown[] } }>
  >;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** Returns examples/compose/compose.yaml, with its merge keys carried out. */
export function composeFile(): ComposeFile {
  return parse(read("compose/compose.yaml"), { merge: true }) as ComposeFile;
}

/** Returns the environment of a service; variables are not filled in. */
export function envOf({ environment = {} }: ComposeService): Readonly<Record<string, string>> {
  return environment;
}

/** Returns the environment variables that the app reads. */
export function appVariables(): string[] {
  const app = read("compose/app.mjs");
  const listed = [...app.matchAll(/const \{([^}]*)\} = process\.env;/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/(\w+)(?: = "[^"]*")?(?:,|\s*$)/g)].map(([, name = ""]) => name),
  );
  return [...listed, ...[...app.matchAll(/process\.env\["(\w+)"\]/g)].map(([, name = ""]) => name)];
}

/** Returns the environment variables without which the app does not start. */
export function requiredVariables(): string[] {
  return ["REDIS_URL", "SESSIONS_SECRET", "DASHBOARD_PASSWORD"].filter((name) =>
    appVariables().includes(name),
  );
}

/** Returns the servers of each upstream in an nginx configuration. */
export function upstreamServers(config: string): Record<string, string[]> {
  return Object.fromEntries(
    [...config.matchAll(/^upstream (\w+) \{([^}]*)\}/gm)].map(([, name = "", body = ""]) => [
      name,
      [...body.matchAll(/^ +server (\S+);/gm)].map(([, server = ""]) => server),
    ]),
  );
}
