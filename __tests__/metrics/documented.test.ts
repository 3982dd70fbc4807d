import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FAMILIES, PREFIX, type FamilyDescription } from "../../src/metrics/families.js";

const ROOT = join(__dirname, "../..");

test("each metric that an alert asks for exists, with the labels that it asks for", () => {
  const { groups } = parse(readFileSync(join(ROOT, "examples/prometheus/alerts.yml"), "utf8")) as {
    groups: { rules: { expr: string }[] }[];
  };
  const names = new Map<string, readonly string[]>();
  for (const [name, { type, labels }] of Object.entries<FamilyDescription>(FAMILIES)) {
    if (type === "histogram") names.set(`${PREFIX}${name}_bucket`, [...labels, "le"]);
    else names.set(PREFIX + name, labels);
  }
  for (const { expr } of groups.flatMap(({ rules }) => rules)) {
    const asked = [...expr.matchAll(/\b(express_bunker_\w+)(?:\{([^}]*)\})?/g)];
    expect(asked.length).toBeGreaterThan(0);
    for (const [, name = "", matchers = ""] of asked) {
      const labels = names.get(name);
      expect([name, labels]).toEqual([name, expect.any(Array)]);
      for (const [, label = ""] of matchers.matchAll(/(\w+)=/g)) expect(labels).toContain(label);
    }
  }
});

test("docs/metrics.md has every metric with its labels", () => {
  const page = readFileSync(join(ROOT, "docs/metrics.md"), "utf8");
  const rows = new Map(
    [...page.matchAll(/^\| `(express_bunker_\w+)` +\| (\w+) +\| ([^|]*)\|/gm)].map(
      ([, name = "", type = "", labels = ""]) =>
        [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) }] as const,
    ),
  );
  const wanted = Object.entries(FAMILIES).map(
    ([name, { type, labels }]) => [PREFIX + name, { type, labels: [...labels] }] as const,
  );
  expect([...rows].sort()).toEqual(wanted.sort());
});
