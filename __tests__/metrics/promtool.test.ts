import { execFile } from "node:child_process";
import { join } from "node:path";
import { ask, browse, Jar } from "../support/ask.js";
import { meteredSite, SECRET } from "./site.js";

const EXAMPLES = join(__dirname, "../../examples/prometheus");

/** Runs promtool, and returns what it says. Rejects with it if promtool finds anything wrong. */
function promtool(args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("promtool", args, { cwd: EXAMPLES, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`);
      else reject(new Error(`promtool ${args.join(" ")}: ${stdout}${stderr}`));
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

test("promtool finds nothing wrong with the metrics page", async () => {
  const { url, guard, status } = await meteredSite(() => ({
    antibot: { challenge: "cookie" },
    sessions: { secret: SECRET },
    services: ["one.test"],
    badBehavior: { threshold: 2 },
  }));
  await guard.bans.add("9.9.9.9", { reason: 'said "no" \\ to\na line' });
  await browse(url, "/", { from: "8.8.8.8", jar: new Jar(), headers: { Host: "one.test" } });
  await status("9.9.9.9", "/", { headers: { Host: "one.test" } });
  await status("8.8.4.4", "/", { headers: { Host: "other.test" } });
  const { text } = await ask(url, "/metrics");
  expect(text).toContain("solved_total{");
  expect(await promtool(["check", "metrics"], text)).toBe("");
});

test("promtool finds nothing wrong with the examples, and their own tests pass", async () => {
  expect(await promtool(["check", "config", "prometheus.yml"])).toContain("SUCCESS");
  expect(await promtool(["check", "rules", "alerts.yml"])).toMatch(/SUCCESS: \d+ rules found/);
  expect(await promtool(["test", "rules", "alerts.test.yml"])).toContain("SUCCESS");
});
