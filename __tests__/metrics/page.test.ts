import { bunker, type Bunker } from "../../src/index.js";
import { metrics } from "../../src/metrics/index.js";
import { formatFor } from "../../src/metrics/negotiate-format.js";
import { textOf } from "../../src/metrics/text-format.js";
import { ask } from "../support/ask.js";
import { meteredSite } from "./site.js";

/** What Prometheus 2 and 3 send. */
const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

test.each([
  [undefined, "prometheus"],
  ["*/*", "prometheus"],
  ["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "prometheus"],
  ["text/plain", "prometheus"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.5", "prometheus"],
  ["application/openmetrics-text;version=2.0.0", "prometheus"],
  ["application/openmetrics-text;q=0", "prometheus"],
  ["application/openmetrics-text;q=nonsense", "prometheus"],
  [PROMETHEUS_2, "openmetrics"],
  [PROMETHEUS_3, "openmetrics"],
])("Accept %s is answered as %s", (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

test("OpenMetrics: counters are named without _total, units are told, and the page has an end", async () => {
  const { url, status } = await meteredSite(() => ({}));
  await status("8.8.8.8");
  const { text, headers } = await ask(url, "/metrics", { headers: { Accept: PROMETHEUS_3 } });
  expect(headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(text).toContain("# TYPE express_bunker_requests counter\n");
  expect(text).toContain('express_bunker_requests_total{verdict="pass",service="default",mode="block"} 1\n');
  expect(text).toContain("# UNIT express_bunker_decision_seconds seconds\n");
  expect(text).toContain('le="2.0"');
  expect(text.endsWith("\n# EOF\n")).toBe(true);
});

test("labels cannot end their line or their quotes", () => {
  const text = textOf(
    [{ name: "degraded", samples: [{ labels: { part: 'a"b\\c\nd' }, value: 1 }] }],
    "prometheus",
  );
  expect(text).toContain('express_bunker_degraded{part="a\\"b\\\\c\\nd"} 1\n');
});

test("HEAD has no body, and other methods are not allowed", async () => {
  const { url } = await meteredSite(() => ({}));
  const head = await ask(url, "/metrics", { method: "HEAD" });
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(Number(head.headers["content-length"])).toBeGreaterThan(1000);
  const posted = await ask(url, "/metrics", { method: "POST" });
  expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD"]);
});

test("metrics() of anything but a guard is an error that says what is wanted", async () => {
  const guard = bunker({ bunkernet: false, logger: false });
  for (const wrong of [undefined, {}, () => undefined, guard.events])
    expect(() => metrics(wrong as unknown as Bunker)).toThrow(/metrics\(guard\).*bunker\(\)/);
  await guard.close();
});
