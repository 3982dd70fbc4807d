import { readFile } from "node:fs/promises";
import { machine } from "node:os";

/** The description of the machine that is sent to BunkerNet. */
export interface OperatingSystem {
  readonly name: string;
  readonly version: string;
  readonly version_id: string;
  readonly version_codename: string;
  readonly id: string;
  readonly arch: string;
}

const UNKNOWN = "Unknown";

/** Sent with `os: false`. */
export const UNKNOWN_SYSTEM: OperatingSystem = {
  name: UNKNOWN,
  version: UNKNOWN,
  version_id: UNKNOWN,
  version_codename: UNKNOWN,
  id: UNKNOWN,
  arch: UNKNOWN,
};

/** Reads os-release(5). */
export async function operatingSystem(path = "/etc/os-release"): Promise<OperatingSystem> {
  const text = await readFile(path, "utf8").catch(() => "");
  const field = (name: string): string => {
    const line = new RegExp(`^${name}=(["']?)(.*)\\1$`, "m").exec(text);
    return line?.[2]?.slice(0, 128) ?? UNKNOWN;
  };
  return {
    name: field("NAME"),
    version: field("VERSION"),
    version_id: field("VERSION_ID"),
    version_codename: field("VERSION_CODENAME"),
    id: field("ID"),
    arch: machine(),
  };
}
