// Compares AddressSet with other containers for a list of addresses: ns per look-up, memory, build time, event-loop stalls.
import { performance } from "node:perf_hooks";
import { BlockList } from "node:net";
import { AddressSet } from "../src/address/address-set.js";
import { addressOfWords, type Address } from "../src/address/address.js";
import { held, nsPerLookup } from "./harness/held-memory.js";

const SIZES = [1_000, 100_000, 1_000_000];
const BLOCK_LIST_LIMIT = 1_000;
const PAIRS = 11;
const PROBES = 20_000;

/** The `index`th address of a sequence that covers all IPv4 addresses without repeating one. */
function nth(index: number): Address {
  const address = addressOfWords(4, [Math.imul(index, 0x9e3779b1) >>> 0]);
  // A flat string without a hash, like one from a socket: the first look-up would have to flatten a concatenated one.
  return { ...address, text: Buffer.from(address.text, "latin1").toString("latin1") };
}

const textsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => nth(index).text);

/** Addresses to look up; half of them are in the list. */
function probesFor(count: number, round: number): Address[] {
  return Array.from({ length: PROBES }, (_, index) => {
    const at = Math.imul(index + round * PROBES, 0x85ebca6b) >>> 0;
    return nth(index % 2 === 0 ? at % count : count + (at % count));
  });
}

const median = (values: number[]): number =>
  values.sort((left, right) => left - right)[values.length >> 1] ?? NaN;

function searchSorted(sorted: Uint32Array, word: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < word) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === word;
}

/** The longest time between two turns of the event loop while `work` runs, in ms. */
async function worstStall(work: () => Promise<unknown>): Promise<number> {
  let worst = 0;
  let last = performance.now();
  let running = true;
  const turn = (): void => {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  running = false;
  return worst;
}

/** Reads the clock in slices of 5 ms, to measure the stalls that the machine itself causes. */
async function spin(milliseconds: number): Promise<void> {
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    const slice = performance.now() + 5;
    while (performance.now() < slice);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function compare(count: number): Promise<void> {
  const texts = textsOf(count);
  const stallOfBuild = await worstStall(() => AddressSet.build(texts));
  const stallOfMachine = await worstStall(() => spin(count / 2_000));

  const ours = held(() => {
    const set = new AddressSet();
    for (let index = 0; index < count; index++) set.add(nth(index));
    return set;
  });
  const strings = held(() => {
    const set = new Set<string>();
    for (let index = 0; index < count; index++) set.add(nth(index).text);
    return set;
  });
  const array = held(() =>
    Uint32Array.from({ length: count }, (_, index) => nth(index).words[0] ?? 0).sort(),
  );
  const addressSet = ours.value;
  const stringSet = strings.value;
  const sorted = array.value;
  const contenders: {
    name: string;
    has: (address: Address) => boolean;
    note: string;
    times: number[];
    ratios: number[];
  }[] = [
    {
      name: "AddressSet",
      has: (address) => addressSet.has(address),
      note: note(ours),
      times: [],
      ratios: [],
    },
    {
      name: "Set of strings",
      has: (address) => stringSet.has(address.text),
      note: note(strings),
      times: [],
      ratios: [],
    },
    {
      name: "sorted Uint32Array",
      has: (address) => searchSorted(sorted, address.words[0] ?? 0),
      note: note(array),
      times: [],
      ratios: [],
    },
  ];
  if (count <= BLOCK_LIST_LIMIT) {
    const block = held(() => {
      const list = new BlockList();
      for (const text of texts) list.addAddress(text);
      return list;
    });
    const list = block.value;
    contenders.push({
      name: "net.BlockList",
      has: (address) => list.check(address.text),
      note: note(block),
      times: [],
      ratios: [],
    });
  }
  for (let round = 0; round <= PAIRS; round++) {
    const probes = probesFor(count, round);
    const times = contenders.map(({ has }) => nsPerLookup(probes, has));
    if (round === 0) continue; // The first round is a warm-up.
    contenders.forEach((contender, index) => {
      contender.times.push(times[index] ?? NaN);
      contender.ratios.push((times[1] ?? NaN) / (times[index] ?? NaN));
    });
  }
  console.log(
    `\n${count.toLocaleString("en")} IPv4 addresses (AddressSet.bytes ${(addressSet.bytes / 1e6).toFixed(2)} MB)`,
  );
  for (const { name, times, ratios, note: cost } of contenders) {
    const speed = `${median(times).toFixed(1).padStart(8)} ns  ${median(ratios).toFixed(2).padStart(6)} × the Set`;
    console.log(`  ${name.padEnd(20)}${speed}   ${cost}`);
  }
  console.log(
    `  worst stall of AddressSet.build: ${stallOfBuild.toFixed(1)} ms; ${stallOfMachine.toFixed(1)} ms without any work`,
  );
}

function note({ megabytes, milliseconds }: { megabytes: number; milliseconds: number }): string {
  return `${megabytes.toFixed(2).padStart(7)} MB   built in ${milliseconds.toFixed(0)} ms`;
}

async function main(): Promise<void> {
  if (globalThis.gc === undefined) console.log("run with --expose-gc to get meaningful memory figures");
  for (const size of SIZES) await compare(size);
}

void main();
