import { bunker } from "../../src/index.js";
import { FAMILIES } from "../../src/metrics/families.js";
import { metrics, register } from "../../src/metrics/index.js";
import { ask } from "../support/ask.js";
import { meteredSite, scrape, seriesOf } from "./site.js";

interface ClientMetric {
  name: string;
  get(): Promise<{
    name: string;
    help: string;
    type: string;
    values: { labels: Record<string, string | number>; value: number; metricName?: string }[];
    aggregator: string;
  }>;
  reset(): void;
}

/** What the registries of prom-client 15 and of `@prometheus-io/client` do with a metric. */
class ClientRegistry {
  defaultLabels: Record<string, string> = {};
  private readonly metrics = new Map<string, ClientMetric>();

  constructor(private readonly openMetrics = false) {}

  registerMetric(metric: ClientMetric): void {
    if (this.metrics.has(metric.name)) throw new Error(`${metric.name} has already been registered`);
    this.metrics.set(metric.name, metric);
  }

  removeSingleMetric(name: string): void {
    this.metrics.delete(name);
  }

  resetMetrics(): void {
    for (const metric of this.metrics.values()) metric.reset();
  }

  get size(): number {
    return this.metrics.size;
  }

  async text(): Promise<string> {
    const pages = [...this.metrics.values()].map(async (metric) => {
      if (this.openMetrics) metric.name = metric.name.replace(/_total$/, "");
      const { name, help, type, values } = await metric.get();
      const lines = values.map(({ labels, value, metricName = name }) => {
        // The registries write their default labels into the objects that they get.
        for (const [key, text] of Object.entries(this.defaultLabels)) labels[key] ??= text;
        const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
        const full = this.openMetrics && type === "counter" ? `${metricName}_total` : metricName;
        return `${full}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
      });
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
    });
    return (await Promise.all(pages)).join("\n");
  }
}

test.each([false, true])(
  "a client's registry has the same series as our page (OpenMetrics: %s)",
  async (open) => {
    const registry = new ClientRegistry(open);
    const { url, guard, status } = await meteredSite(() => ({}));
    register(guard, registry);
    await guard.bans.add("9.9.9.9");
    await status("9.9.9.9");
    await status("8.8.8.8");
    expect(registry.size).toBe(Object.keys(FAMILIES).length);
    const bridged = seriesOf(await registry.text());
    expect(bridged).toEqual(await scrape(url));
    // A second page is written from the same metrics.
    expect(seriesOf(await registry.text())).toEqual(bridged);
  },
);

test("default labels of the registry stay its own, and its reset does not touch our counts", async () => {
  const registry = new ClientRegistry();
  registry.defaultLabels = { app: "shop" };
  const { url, guard, status } = await meteredSite(() => ({}));
  register(guard, registry);
  await status("8.8.8.8");
  expect(await registry.text()).toContain('express_bunker_bans_active{app="shop"} 0');
  registry.resetMetrics();
  const { text } = await ask(url, "/metrics");
  expect(text).not.toContain("shop");
  expect(text).toContain('express_bunker_requests_total{verdict="pass",service="default",mode="block"} 1');
});

test("the returned function removes the metrics, so that they can be registered again", async () => {
  const registry = new ClientRegistry();
  const guard = bunker({ bunkernet: false, logger: false });
  const remove = register(guard, registry);
  expect(() => register(guard, registry)).toThrow("already been registered");
  remove();
  expect(registry.size).toBe(0);
  register(guard, registry)();
  expect(metrics(guard)).toBeInstanceOf(Function);
  await guard.close();
});

test("register() of anything but a guard is an error", () => {
  expect(() => register({} as never, new ClientRegistry())).toThrow(/register\(guard\)/);
});
