import { request, type IncomingMessage } from "node:http";
import type { LiveSample } from "../../src/dashboard/api.js";
import { until } from "../support/until.js";
import { CREDENTIALS, dashboardSite, MOUNT, type DashboardSite } from "./site.js";

/** An open stream, with what has come. */
interface Viewer {
  readonly samples: LiveSample[];
  readonly res: IncomingMessage;
  text: string;
  isOver: boolean;
  close(): void;
}

const open = new Set<Viewer>();
afterEach(() => {
  for (const viewer of open) viewer.close();
  open.clear();
});

async function view({ url }: DashboardSite, reads = true): Promise<Viewer> {
  const { hostname, port } = new URL(url);
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { Authorization: CREDENTIALS };
    request({ host: hostname, port, path: `${MOUNT}/api/stream`, headers, agent: false }, resolve)
      .on("error", reject)
      .end();
  });
  const viewer: Viewer = { samples: [], res, text: "", isOver: false, close: () => res.destroy() };
  open.add(viewer);
  res.on("error", () => undefined).on("close", () => (viewer.isOver = true));
  if (!reads) return viewer;
  res.setEncoding("utf8").on("data", (text: string) => {
    viewer.text += text;
    const parts = viewer.text.split("\n\n");
    viewer.text = parts.pop() ?? "";
    for (const part of parts) {
      const [, json] = /^event: sample\ndata: (.*)$/.exec(part) ?? [];
      if (json === undefined) viewer.text = `${part}\n\n${viewer.text}`;
      else viewer.samples.push(JSON.parse(json) as LiveSample);
    }
  });
  res.on("end", () => (viewer.isOver = true));
  return viewer;
}

const sum = ({ samples }: Viewer, name: "requests" | "denied" | "challenged" | "solved"): number =>
  samples.reduce((total, sample) => total + sample[name], 0);

test("sends about one sample a second with what happened since the one before", async () => {
  const made = await dashboardSite({ badBehavior: { threshold: 3 } });
  const { status, guard } = made;
  const viewer = await view(made);
  expect(viewer.res.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
    "cache-control": "no-store, no-transform",
  });
  await until(() => viewer.samples.length === 1);
  for (let n = 0; n < 5; n++) await status("81.2.69.2", "/missing");
  await until(() => sum(viewer, "requests") === 5);
  expect(sum(viewer, "denied")).toBe(2);
  await until(() => viewer.samples.some(({ bans }) => bans === 1));
  await until(() => viewer.samples.some(({ events }) => events.some(({ type }) => type === "banned")));
  // Each event is told once.
  const keys = viewer.samples.flatMap(({ events }) => events.map(({ key }) => key));
  expect(new Set(keys).size).toBe(keys.length);
  await guard.mode("detect", { for: 60 });
  await until(() => viewer.samples.at(-1)?.mode.mode === "detect");
});

test("takes twenty viewers, tells the next one so, and takes it when another has gone", async () => {
  const made = await dashboardSite();
  const viewers = [];
  for (let n = 0; n < 20; n++) viewers.push(await view(made));
  const late = await view(made);
  await until(() => late.isOver);
  expect(late.text).toContain('event: closed\ndata: {"why":"viewers"}');
  viewers[0]?.close();
  await until(async () => {
    const again = await view(made);
    await until(() => again.isOver || again.samples.length > 0);
    return again.samples.length > 0;
  });
});

test("a viewer that reads nothing misses samples, and they do not pile up", async () => {
  const made = await dashboardSite();
  const slow = await view(made, false);
  const fast = await view(made);
  await until(() => fast.samples.length >= 2);
  expect(slow.res.readableLength).toBeLessThan(100_000);
  expect(fast.samples.every(({ dropped }) => dropped === 0)).toBe(true);
});

test("gives up viewers that take nothing for a minute, so that others find a place", async () => {
  const made = await dashboardSite(
    {},
    {
      // As where the buffers of a connection are full, and its client does not read.
      authorize: (_req, res) => {
        const write = res.write.bind(res) as (text: string) => boolean;
        res.write = (text: string) => (write(text), false);
        return true;
      },
    },
  );
  const viewers: Viewer[] = [];
  for (let n = 0; n < 20; n++) viewers.push(await view(made));
  await until(() => viewers.every(({ samples }) => samples.length > 0));
  const late = await view(made);
  await until(() => late.isOver);
  const { now } = Date;
  const later = jest.spyOn(Date, "now").mockImplementation(() => now() + 61_000);
  await until(() => viewers.every(({ isOver }) => isOver));
  const next = await view(made);
  await until(() => next.samples.length > 0);
  later.mockRestore();
  expect(viewers.every(({ samples }) => samples.length === 1)).toBe(true);
});

test("ends every stream when the dashboard or the guard is closed", async () => {
  for (const close of [
    (made: DashboardSite) => made.page.close(),
    (made: DashboardSite) => made.guard.close(),
  ]) {
    const made = await dashboardSite();
    const viewer = await view(made);
    await until(() => viewer.samples.length > 0);
    await close(made);
    await until(() => viewer.isOver);
    expect(viewer.text).toContain('event: closed\ndata: {"why":"closing"}');
  }
});
