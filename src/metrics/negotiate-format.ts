import type { TextFormat } from "./text-format.js";

/** The versions of OpenMetrics that our text fits. */
const VERSIONS: readonly (string | undefined)[] = ["1.0.0", "0.0.1", undefined];

interface Accepted {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/** Returns the format that an `Accept` header prefers. Without one, or if both are equal, Prometheus' own. */
export function formatFor(accept: string | undefined): TextFormat {
  const accepted = (accept ?? "").slice(0, 2048).split(",").map(parse);
  const best = (fits: (one: Accepted) => boolean): number =>
    Math.max(0, ...accepted.filter(fits).map(({ quality }) => quality));
  const open = best(
    ({ type, version }) => type === "application/openmetrics-text" && VERSIONS.includes(version),
  );
  const plain = best(({ type }) => type === "text/plain" || type === "text/*");
  return open > 0 && open > plain ? "openmetrics" : "prometheus";
}

function parse(text: string): Accepted {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const values = new Map(
    parameters.map((parameter) => {
      const [name = "", value = ""] = parameter.split("=", 2);
      return [name.trim(), value.trim().replaceAll('"', "")];
    }),
  );
  const quality = Number(values.get("q") ?? 1);
  return { type, version: values.get("version"), quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
