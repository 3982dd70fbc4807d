import { readFile } from "node:fs/promises";
import { machine } from "node:os";

const UNKNOWN = "Unknown";

/** The description of the machine that is sent to BunkerNet. */
export type OperatingSystem = ReturnType<typeof describe>;

/** Sent with `os: false`. */
export const UNKNOWN_SYSTEM: OperatingSystem = describe("", UNKNOWN);

/** Reads os-release(5). */
export async function operatingSystem(path = "/etc/os-release"): Promise<OperatingSystem> {
  return describe(await readFile(path, "utf8").catch(() => ""), machine());
}

function describe(release: string, arch: string) {
  const field = (name: string): string => {
    const line = new RegExp(`^${name}=(["']?)(.*)\\1$`, "m").exec(release);
    return line?.[2]?.slice(0, 128) ?? UNKNOWN;
  };
  return {
    name: field("NAME"),
    version: field("VERSION"),
    version_id: field("VERSION_ID"),
    version_codename: field("VERSION_CODENAME"),
    id: field("ID"),
    arch,
  };
}
