import type { BanChange, BanRequest, BanRow } from "../../../api.js";
import { asApiError, change } from "../../api/client.js";
import { banPath } from "../../api/paths.js";
import { duration } from "../../format/times.js";
import { banChanges } from "../../state/changes.js";
import { now } from "../../state/clock.js";
import { notify } from "../../state/notices.js";

const serviceOf = ({ scope, service }: BanRow): string | undefined =>
  scope === "service" ? service : undefined;

/** Seconds that a ban lasts yet; 0 = for good. */
function secondsLeft({ expires }: BanRow): number {
  return expires === null ? 0 : Math.max(1, Math.round((expires - now.peek()) / 1000));
}

/** Lifts a ban, and offers to put it back with the time that was left. Never rejects. */
export async function unban(ban: BanRow): Promise<void> {
  try {
    const { removed } = await change<{ removed: boolean }>("DELETE", banPath(ban.address, serviceOf(ban)));
    banChanges.value += 1;
    if (!removed) {
      notify(`${ban.address} was not banned any more.`);
      return;
    }
    notify(`${ban.address} is not banned any more.`, { undo: () => banAgain(ban) });
  } catch (error) {
    notify(`${ban.address} is still banned: ${asApiError(error).message}`, { tone: "failed" });
  }
}

/** Adds a ban. Rejects with the server's refusal. */
export async function addBan(request: BanRequest): Promise<BanRow> {
  const ban = await change<BanRow>("POST", "api/bans", request);
  banChanges.value += 1;
  notify(`${ban.address} is banned ${lasting(ban)}.`, {
    undo: async () => {
      await change("DELETE", banPath(ban.address, serviceOf(ban)));
      banChanges.value += 1;
    },
  });
  return ban;
}

/** Gives a ban a new end: seconds from now, 0 = for good. Rejects with the server's refusal. */
export async function changeTime(ban: BanRow, ttl: number): Promise<void> {
  const set = async (seconds: number): Promise<BanRow> => {
    const changed = await change<BanRow>("PATCH", banPath(ban.address), {
      ttl: seconds,
      service: serviceOf(ban),
    } satisfies BanChange);
    banChanges.value += 1;
    return changed;
  };
  const changed = await set(ttl);
  notify(`${ban.address} is banned ${lasting(changed)}.`, { undo: () => set(secondsLeft(ban)) });
}

async function banAgain(ban: BanRow): Promise<void> {
  await change("POST", "api/bans", {
    address: ban.address,
    ttl: secondsLeft(ban),
    scope: ban.scope,
    service: serviceOf(ban),
    reason: ban.reason,
    // It was in force before, however wide it is.
    force: true,
  } satisfies BanRequest);
  banChanges.value += 1;
}

function lasting({ expires }: BanRow): string {
  return expires === null ? "for good" : `for ${duration(expires - now.peek())}`;
}
