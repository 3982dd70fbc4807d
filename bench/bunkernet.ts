// The cost of a BunkerNet list: ns per look-up and memory compared with other containers, for IPv4 and IPv6; then the time
// to download a whole list from a server on this machine, and the longest stall of the event loop meanwhile.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { BlockList, type AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { bunkernet } from "../src/bunkernet/index.js";
import { AddressSet } from "../src/address/address-set.js";
import { addressOfWords, type Address } from "../src/address/address.js";
import { MemoryStore } from "../src/store/memory-store.js";
import { collect, held, nsPerLookup } from "./harness/held-memory.js";
import { Report } from "./harness/report.js";
import { median } from "./harness/statistics.js";

const quick = process.argv.includes("--quick");
const SIZES = quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000, 5_000_000];
const DOWNLOADS = quick ? [100_000] : [100_000, 1_000_000];
const PAIRS = quick ? 5 : 11;
const PROBES = 20_000;
/** The largest list for net.BlockList, which searches its entries one by one. */
const BLOCK_LIST_MOST = 1_000;
/** The largest list for a Set of strings; more would take too much memory. */
const SET_MOST = 1_000_000;

/** The `index`th address of a sequence without repetitions. */
function nth(family: 4 | 6, index: number): Address {
  const word = Math.imul(index, 0x9e3779b1) >>> 0;
  const words = family === 4 ? [word] : [(0x20000000 | (index & 0xffff)) >>> 0, word, 0, 1];
  const address = addressOfWords(family, words);
  // A flat string without a hash, like one from a socket.
  return { ...address, text: Buffer.from(address.text, "latin1").toString("latin1") };
}

function searcher(family: 4 | 6, size: number): (address: Address) => boolean {
  if (family === 4) {
    const sorted = Uint32Array.from({ length: size }, (_, index) => nth(4, index).words[0] as number).sort();
    return ({ words }) => found(sorted, words[0] as number);
  }
  // The upper 64 bits tell these addresses apart, as they do with most clients.
  const key = ({ words }: Address): bigint =>
    (BigInt(words[0] as number) << 32n) | BigInt(words[1] as number);
  const sorted = BigUint64Array.from({ length: size }, (_, index) => key(nth(6, index))).sort();
  return (address) => found(sorted, key(address));
}

function found<T extends number | bigint>(sorted: ArrayLike<T>, wanted: T): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as T) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

interface Contender {
  name: string;
  has: (address: Address) => boolean;
  megabytes: number;
  milliseconds: number;
  times: number[];
}

function contendersFor(family: 4 | 6, size: number): Contender[] {
  const contenders: Contender[] = [];
  const enter = (name: string, make: () => (address: Address) => boolean): void => {
    const { value, megabytes, milliseconds } = held(make);
    contenders.push({ name, has: value, megabytes, milliseconds, times: [] });
  };
  enter("AddressSet", () => {
    const set = new AddressSet();
    for (let index = 0; index < size; index++) set.add(nth(family, index));
    return (address) => set.has(address);
  });
  if (size <= SET_MOST)
    enter("Set of strings", () => {
      const set = new Set<string>();
      for (let index = 0; index < size; index++) set.add(nth(family, index).text);
      return ({ text }) => set.has(text);
    });
  enter("binary search", () => searcher(family, size));
  if (size <= BLOCK_LIST_MOST)
    enter("net.BlockList", () => {
      const list = new BlockList();
      for (let index = 0; index < size; index++) list.addAddress(nth(family, index).text, `ipv${family}`);
      return ({ text }) => list.check(text, `ipv${family}`);
    });
  return contenders;
}

function compare(family: 4 | 6, size: number): Record<string, string | number>[] {
  const contenders = contendersFor(family, size);
  for (let round = 0; round <= PAIRS; round++) {
    const probes = Array.from({ length: PROBES }, (_, index) => {
      const at = (Math.imul(index + round * PROBES, 0x85ebca6b) >>> 0) % size;
      return nth(family, index % 2 === 0 ? at : size + at);
    });
    const times = contenders.map(({ has }) => nsPerLookup(probes, has));
    // The first round is a warm-up.
    if (round > 0) contenders.forEach((one, index) => one.times.push(times[index] as number));
  }
  return contenders.map(({ name, megabytes, milliseconds, times }) => ({
    entries: size,
    family: `IPv${family}`,
    container: name,
    "ns per look-up": Number(median(times).toFixed(1)),
    MB: Number(megabytes.toFixed(2)),
    "build time ms": Math.round(milliseconds),
  }));
}

/** The longest time between two turns of the event loop while `work` runs, and how long `work` took, in ms. */
async function stalls(work: () => Promise<unknown>): Promise<{ worst: number; took: number }> {
  let worst = 0;
  let last = performance.now();
  const start = last;
  let running = true;
  const turn = (): void => {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  running = false;
  return { worst, took: performance.now() - start };
}

// The list is made beforehand, so that only the client is measured. The server's writing shares its event loop, though.
async function download(size: number): Promise<Record<string, string | number>> {
  const texts = Array.from({ length: size }, (_, index) => {
    const word = (0x14000000 + ((Math.imul(index, 0x9e3779b1) >>> 0) % 0x40000000)) >>> 0;
    return addressOfWords(4, [word]).text;
  });
  const body = Buffer.from(JSON.stringify({ result: "ok", data: texts }));
  const server = createServer((req, res) => {
    req.resume();
    if (req.url === "/db") res.end(body);
    else res.end(JSON.stringify({ result: "ok", data: randomBytes(16).toString("hex") }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const guard = bunkernet({
    store: new MemoryStore(),
    logger: false,
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxEntries: 10_000_000,
    timeout: 60_000,
  });
  await guard.register();
  collect();
  const idle = await stalls(() => new Promise((resolve) => setTimeout(resolve, 500)));
  const { worst, took } = await stalls(() => guard.sync());
  const { list } = guard.status();
  if (list.problem !== undefined) throw new Error(list.problem);
  await guard.close();
  await new Promise((resolve) => server.close(resolve));
  return {
    entries: list.entries,
    "list MB": Number((body.length / 1e6).toFixed(1)),
    "set MB": Number((list.bytes / 1e6).toFixed(1)),
    "time until in force ms": Math.round(took),
    "longest stall ms": Number(worst.toFixed(1)),
    "longest stall when idle ms": Number(idle.worst.toFixed(1)),
  };
}

async function main(): Promise<void> {
  if (globalThis.gc === undefined) console.log("run with --expose-gc to get meaningful memory figures");
  const lookups = SIZES.flatMap((size) => ([4, 6] as const).flatMap((family) => compare(family, size)));
  const report = new Report("bunkernet");
  report.table("One look-up in a list", lookups);
  const downloads = [];
  for (const size of DOWNLOADS) downloads.push(await download(size));
  report.table("A list downloaded and put into force", downloads);
  report.write();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
