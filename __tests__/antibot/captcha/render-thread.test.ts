import { buildSync } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { render } from "../../../src/antibot/challenges/captcha/render.js";
import { RenderThread } from "../../../src/antibot/challenges/captcha/render-thread.js";

const folder = mkdtempSync(join(tmpdir(), "captcha-worker-"));
const order = { seed: "a challenge", text: "ACE236" };

beforeAll(() => {
  buildSync({
    entryPoints: [join(process.cwd(), "src/antibot/challenges/captcha/render-worker.ts")],
    bundle: true,
    platform: "node",
    outfile: join(folder, "worker.js"),
    logLevel: "warning",
  });
  writeFileSync(join(folder, "dies.js"), "process.exit(3)");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("R32 pictures are drawn by a worker, the same as here", async () => {
  const thread = new RenderThread(join(folder, "worker.js"));
  const drawn = await Promise.all([thread.render(order), thread.render({ ...order, text: "UPT" })]);
  expect(thread.isOffMainThread).toBe(true);
  expect(drawn[0].equals(render(order))).toBe(true);
  expect(drawn[1].equals(drawn[0])).toBe(false);
  expect(thread.pending).toBe(0);
});

test.each(["dies.js", "missing.js"])("without a worker (%s) pictures are drawn here", async (file) => {
  const thread = new RenderThread(join(folder, file));
  const drawn = await Promise.all([thread.render(order), thread.render(order)]);
  expect(drawn.map((bytes) => bytes.equals(render(order)))).toEqual([true, true]);
  expect([thread.isOffMainThread, thread.pending]).toEqual([false, 0]);
});
