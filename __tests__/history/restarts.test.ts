import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clock } from "../support/clock.js";
import { closeHistories, event, record, refuse, type Recording } from "./recording.js";
import { TallyClient, TallyServer } from "./tally-store.js";

describe("a restart", () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "bunker-history-"))));
  afterEach(async () => {
    await closeHistories();
    await rm(folder, { recursive: true, force: true });
  });

  const files = async (): Promise<string[]> => readdir(join(folder, "history")).catch(() => []);

  function fill(one: Recording): void {
    refuse(one, "8.8.4.4", { id: "kept", path: "/kept" });
    one.events.emit(event({ type: "banned", ip: "8.8.4.4" }));
  }

  async function check({ history }: Recording, times = 1): Promise<void> {
    expect((await history.counts("24h")).now).toMatchObject({
      requests: times,
      denied: times,
      banned: times,
    });
    expect((await history.events({ id: "kept" })).events.length).toBe(1);
    expect((await history.top("24h")).paths[0]).toMatchObject({ item: "/kept", count: times });
  }

  test("loses nothing with cacheDir: it is saved when the history is closed", async () => {
    const clock = new Clock();
    for (let times = 1; times <= 3; times++) {
      const one = record({ cacheDir: folder }, clock);
      await one.history.ready();
      fill(one);
      await one.history.close();
    }
    const last = record({ cacheDir: folder }, clock);
    expect((await last.history.counts("30d")).now.denied).toBe(3);
    await last.history.close();
    expect(await files()).toHaveLength(1);
  });

  test("loses at most a minute when the process is killed", async () => {
    const clock = new Clock();
    const killed = record({ cacheDir: folder }, clock);
    fill(killed);
    clock.advance(60);
    await killed.history.flush();
    refuse(killed, "8.8.4.5");
    await killed.history.flush();
    const [name = ""] = await files();
    // What a process of another number has left.
    const text = await readFile(join(folder, "history", name), "utf8");
    const elsewhere = await mkdtemp(join(tmpdir(), "bunker-history-"));
    await mkdir(join(elsewhere, "history"));
    await writeFile(join(elsewhere, "history", "history-999999999-00.json"), text);
    const next = record({ cacheDir: elsewhere }, clock);
    await check(next);
    await closeHistories();
    await rm(elsewhere, { recursive: true });
  });

  test("takes over the files of all processes that have ended, each once", async () => {
    const clock = new Clock();
    const [one, other] = [record({ cacheDir: folder }, clock), record({ cacheDir: folder }, clock)];
    refuse(one, "8.8.4.4");
    refuse(other, "8.8.4.5");
    await one.history.close();
    await other.history.close();
    expect(await files()).toHaveLength(2);
    const [next, late] = [record({ cacheDir: folder }, clock), record({ cacheDir: folder }, clock)];
    await Promise.all([next.history.ready(), late.history.ready()]);
    const sums = await Promise.all(
      [next, late].map(async ({ history }) => (await history.counts("1h")).now.denied),
    );
    expect(sums[0]! + sums[1]!).toBe(2);
  });

  test("does not count twice what was taken over and not removed", async () => {
    const clock = new Clock();
    const one = record({ cacheDir: folder }, clock);
    fill(one);
    await one.history.close();
    const [first = ""] = await files();
    const before = await readFile(join(folder, "history", first), "utf8");
    const taken = "history-999999999-aa.json";
    const kept = { ...(JSON.parse(before) as object), includes: [taken] };
    await writeFile(join(folder, "history", first), JSON.stringify(kept));
    await writeFile(join(folder, "history", taken), before);
    await check(record({ cacheDir: folder }, clock));
  });

  test("survives damaged files", async () => {
    await mkdir(join(folder, "history"));
    const damaged = [
      "",
      "{",
      "[]",
      "null",
      '{"counts":{"m":[[1,"x"],[2,"[[1,2],null]"],3]},"events":[1,"{}"],"tops":[[1]]}',
    ];
    for (const [number, text] of damaged.entries())
      await writeFile(join(folder, "history", `history-999999999-${number}0.json`), text);
    const one = record({ cacheDir: folder });
    fill(one);
    await check(one);
    await one.history.close();
    expect(await files()).toHaveLength(1);
  });

  test("with a shared store nothing is written to cacheDir, and nothing is lost", async () => {
    const clock = new Clock();
    const server = new TallyServer(clock.now);
    const one = record({ cacheDir: folder, store: new TallyClient(server) }, clock);
    fill(one);
    await one.history.close();
    expect(await files()).toEqual([]);
    await check(record({ cacheDir: folder, store: new TallyClient(server) }, clock));
  });
});
