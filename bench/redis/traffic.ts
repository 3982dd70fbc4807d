import { setTimeout as pause } from "node:timers/promises";
import { BanList } from "express-bunker";
import { RedisStore } from "express-bunker/redis";
import { startLoader } from "../harness/loader.js";
import { startServer } from "../harness/server-process.js";
import { clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import type { MeasuredRedis } from "./redis-server.js";

/** What one event costs in messages to Redis. */
export interface Traffic {
  event: string;
  /** The scripts that Redis was asked to run; what they call themselves is not counted. */
  scripts: number;
  /** How often Redis read from its clients: commands that are sent together are read together. */
  reads: number;
}

const BANS = 1000;
/** Fewer per client than Bad Behavior tolerates. */
const ANSWERS_PER_CLIENT = 3;

/** Measures what counting a bad answer and banning a client send to Redis, one after the other. */
export async function measureTraffic(redis: MeasuredRedis): Promise<{ badAnswer: Traffic; ban: Traffic }> {
  const badAnswer = await ofBadAnswers(redis);
  await redis.flush();
  const ban = await ofBans(redis);
  await redis.flush();
  return { badAnswer, ban };
}

async function ofBadAnswers(redis: MeasuredRedis): Promise<Traffic> {
  const server = await startServer("redis-bunker");
  const { origin } = server;
  const loader = startLoader(await clientsWithPasses(origin, ADDRESSES));
  try {
    const requests = ADDRESSES.length * ANSWERS_PER_CLIENT;
    return await traffic(redis, "counted bad answer", requests, async () => {
      const { statuses } = await loader.measure({ origin, path: "/missing", connections: 1, requests });
      if (statuses["404"] !== requests) throw new Error(`expected only 404, got ${JSON.stringify(statuses)}`);
    });
  } finally {
    loader.stop();
    await server.stop();
  }
}

async function ofBans(redis: MeasuredRedis): Promise<Traffic> {
  const store = new RedisStore({ url: redis.url, timeout: 900 });
  await store.ready();
  const bans = new BanList(store);
  // The first ban loads the scripts into Redis.
  await bans.add("9.9.9.9", { ttl: 86_400 });
  try {
    return await traffic(redis, "ban", BANS, async () => {
      for (let index = 0; index < BANS; index++) {
        await bans.add(`45.84.${index >> 8}.${index & 255}`, { ttl: 86_400 });
      }
    });
  } finally {
    store.close();
  }
}

async function traffic(
  redis: MeasuredRedis,
  event: string,
  count: number,
  work: () => Promise<void>,
): Promise<Traffic> {
  const before = await redis.numbers();
  await work();
  // An answer is counted after its response, so the last ones may still be on their way.
  await pause(500);
  const after = await redis.numbers();
  const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  return {
    event,
    scripts: grown("calls.evalsha") / count,
    // One of the reads was that of our own question.
    reads: (grown("total_reads_processed") - 1) / count,
  };
}
