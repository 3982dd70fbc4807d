import { antibot, type Antibot, type AntibotOptions, type SharedOptions } from "../../../src/index.js";
import { NAVIGATION } from "../../support/ask.js";
import { site, type TestSite } from "../../support/site.js";

/** A gated site whose faults are recorded. */
export interface GatedSite extends TestSite<Antibot> {
  /** What a page visit from an address gets: `"let in"`, or `"challenged"`. */
  visit(from: string, headers?: Record<string, string>): Promise<"let in" | "challenged">;
}

/** Serves a gated site on Express, which takes addresses from X-Forwarded-For. */
export async function gatedSite(options: Partial<AntibotOptions> & SharedOptions): Promise<GatedSite> {
  const sessions = { secret: "a secret of enough characters" };
  const gated = await site(
    (shared) => antibot({ challenge: "javascript", sessions, ...shared, ...options }),
    { record: ["fault"] },
  );
  const visit: GatedSite["visit"] = async (from, headers = {}) =>
    (await gated.status(from, "/page", { headers: { ...NAVIGATION, ...headers } })) === 200
      ? "let in"
      : "challenged";
  return { ...gated, visit };
}
