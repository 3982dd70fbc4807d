// The part of a measured server that tells its parent process what it has used.
import { Session } from "node:inspector";
import { PerformanceObserver } from "node:perf_hooks";
import type { Profile } from "./cpu-profile.js";

/** What a parent process asks of a server of bench/servers. */
export type Question = "cpu" | "collect" | "heap" | "start profile" | "stop profile";

/** The memory that a server has allocated, in bytes. */
export interface HeapReading {
  /** The used heap and the memory of array buffers. */
  used: number;
  /** The number of garbage collections since the last "collect". */
  collections: number;
}

/** A message from a server of bench/servers to its parent. */
export type ServerMessage =
  { port: number } | { cpuMicroseconds: number } | { heap: HeapReading } | { profile: Profile | undefined };

/** Sends a message to the parent process. */
export function tell(message: ServerMessage): void {
  process.send?.(message);
}

/** Answers the questions of the parent process, and ends this process when the parent is gone. */
export function answerParent(): void {
  process.on("message", (question: Question) => void answer(question).then(tell));
  // The parent is gone, so no other process would stop this one.
  process.once("disconnect", () => process.exit());
}

async function answer(question: Question): Promise<ServerMessage> {
  switch (question) {
    case "cpu": {
      const { user, system } = process.cpuUsage();
      return { cpuMicroseconds: user + system };
    }
    case "collect":
      return { heap: await collected() };
    case "heap":
      return { heap: await heapReading() };
    case "start profile":
      return { profile: await profiled("Profiler.start") };
    case "stop profile":
      return { profile: await profiled("Profiler.stop") };
  }
}

let collections = 0;
let observer: PerformanceObserver | undefined;

async function collected(): Promise<HeapReading> {
  if (globalThis.gc === undefined) throw new Error("the server runs without --expose-gc");
  if (observer === undefined) {
    observer = new PerformanceObserver((list) => void (collections += list.getEntries().length));
    observer.observe({ entryTypes: ["gc"] });
  }
  globalThis.gc();
  globalThis.gc();
  await recorded();
  collections = 0;
  return heapReading();
}

async function heapReading(): Promise<HeapReading> {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  await recorded();
  return { used: heapUsed + arrayBuffers, collections };
}

/** Resolves when Node has recorded all collections up to now: it does so in a later turn of the event loop. */
async function recorded(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  collections += observer?.takeRecords().length ?? 0;
}

let session: Session | undefined;

function profiled(method: "Profiler.start" | "Profiler.stop"): Promise<Profile | undefined> {
  if (session === undefined) {
    session = new Session();
    session.connect();
    session.post("Profiler.enable");
    session.post("Profiler.setSamplingInterval", { interval: 200 });
  }
  const asked = session;
  return new Promise((resolve, reject) => {
    asked.post(method, (error, result?: { profile?: Profile }) => {
      if (error === null) resolve(result?.profile);
      else reject(new Error(error.message));
    });
  });
}
