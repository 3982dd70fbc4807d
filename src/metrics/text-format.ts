import { describe, PREFIX, type Family, type FamilyDescription, type Sample } from "./families.js";

/** How metrics are written: as Prometheus' own text, or as OpenMetrics. */
export type TextFormat = "prometheus" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Writes metrics as text. */
export function textOf(families: readonly Family[], format: TextFormat): string {
  const lines = families.flatMap((family) => [...linesOf(family, format)]);
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function* linesOf({ name, samples }: Family, format: TextFormat): Generator<string, void, undefined> {
  const description = describe(name);
  const full = PREFIX + name;
  const family = format === "openmetrics" ? familyName(full, description) : full;
  yield `# HELP ${family} ${escapeHelp(description.help, format)}`;
  yield `# TYPE ${family} ${description.type}`;
  if (format === "openmetrics" && full.endsWith("_seconds")) yield `# UNIT ${family} seconds`;
  for (const { labels, value, suffix = "" } of samples)
    yield `${full}${suffix}${labelsText(labels, format)} ${numberText(value)}`;
}

/** In OpenMetrics the name of a counter is that of its samples without `_total`. */
function familyName(full: string, { type }: FamilyDescription): string {
  return type === "counter" ? full.replace(/_total$/, "") : full;
}

function labelsText(labels: Sample["labels"], format: TextFormat): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = name === "le" && format === "openmetrics" ? floatText(value) : value;
    return `${name}="${escapeLabel(text)}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

// OpenMetrics writes the bounds of buckets as floats.
function floatText(value: string): string {
  return /^\d+$/.test(value) ? `${value}.0` : value;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string, format: TextFormat): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
