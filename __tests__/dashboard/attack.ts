import type { BunkerOptions } from "../../src/index.js";
import { startContract, type ContractServer } from "../bunkernet/contract-server.js";
import { startHostile, type HostileServer } from "../dnsbl/hostile-server.js";
import { list } from "../dnsbl/site.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import type { DashboardSite } from "./site.js";

/** An address of each list. */
export const DNSBL_LISTED = "9.9.9.9";
export const BUNKERNET_LISTED = "5.6.7.8";
export const SCANNER = "45.33.32.156";
export const GUESSER = "66.102.7.1";

/** What the attackers and visitors have seen, counted from outside. */
export interface Seen {
  /** Requests that reached the app's port, besides those of operators. */
  requests: number;
  denied: number;
  challenged: number;
  solved: number;
  failed: number;
  banned: number;
  /** The reference id that the scanner could read off the page that refused it. */
  id: string;
}

/** The other servers that a site under attack works with. */
export interface Surroundings {
  readonly options: BunkerOptions;
  close(): Promise<void>;
}

/** Starts a blocklist and a BunkerNet server, and returns the options of a site that uses them and has a gate. */
export async function startSurroundings(): Promise<Surroundings> {
  const zone: HostileServer = await startHostile();
  zone.answer = list;
  const bunkernet: ContractServer = await startContract();
  bunkernet.list = [BUNKERNET_LISTED, "5.6.7.9"];
  return {
    options: {
      sessions: { secret: "a secret of at least sixteen characters" },
      antibot: {
        challenge: ({ ip }) => (ip === GUESSER ? "captcha" : "cookie"),
        ignoreUri: ["^/(?:admin|wp-)", "^/missing"],
      },
      badBehavior: { threshold: 10 },
      dnsbl: { list: "list.test", timeout: 5000 },
      resolver: { servers: [zone.server] },
      bunkernet: { server: bunkernet.url },
    },
    close: async () => {
      await bunkernet.close();
      await zone.close();
    },
  };
}

/** A User-Agent that tries to be markup, script, a terminal's control sequence and a log line at once. */
export const HOSTILE_TEXT =
  `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'"--> \u001b[31m%0a ban 1.2.3.4`.replace(
    "\u001b",
    "",
  );
/** The same as a path. */
export const HOSTILE_PATH = `/missing/${encodeURIComponent(`<img src=x onerror=window.pwned=1>\u202egnp.exe\u001b[2J\nban 1.2.3.4`)}`;

/** Plays a scanner, guesses at a captcha, two listed clients, and visitors who solve the challenge. */
export async function playAttack({ url, guard }: DashboardSite, visitors: number): Promise<Seen> {
  await guard.ready();
  await guard.bunkernet?.sync();
  const seen: Seen = { requests: 0, denied: 0, challenged: 0, solved: 0, failed: 0, banned: 0, id: "" };
  await scan(url, seen);
  await guess(url, seen);
  for (const from of [DNSBL_LISTED, BUNKERNET_LISTED])
    for (let n = 0; n < 3; n++) {
      const { status } = await ask(url, "/", { from, headers: NAVIGATION });
      seen.requests++;
      if (status === 403) seen.denied++;
    }
  // The blocklist bans the client that it lists.
  seen.banned++;
  const AT_ONCE = 10;
  for (let first = 0; first < visitors; first += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, visitors - first) }, async (_, at) => {
        const n = first + at;
        await visit(url, `${20 + (n % 30)}.${n % 250}.7.${1 + (n % 200)}`, seen);
      }),
    );
  return seen;
}

async function scan(url: string, seen: Seen): Promise<void> {
  for (let n = 0; n < 16; n++) {
    const { status, text } = await ask(url, n % 4 === 0 ? HOSTILE_PATH : `/missing/${n}.php`, {
      from: SCANNER,
      headers: { ...NAVIGATION, "User-Agent": HOSTILE_TEXT },
    });
    seen.requests++;
    // No exclusion matches a path with control characters.
    if (status === 302) seen.challenged++;
    if (status !== 403) continue;
    seen.denied++;
    seen.id = /<code[^>]*>([\w-]+)<\/code>/.exec(text)?.[1] ?? seen.id;
  }
  seen.banned++;
}

async function guess(url: string, seen: Seen): Promise<void> {
  const jar = new Jar();
  const steps = await browse(url, "/vault", { jar, from: GUESSER });
  seen.requests += steps.length;
  seen.challenged++;
  let page = steps.at(-1)?.text ?? "";
  for (let n = 0; n < 3; n++) {
    const state = /name="state" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const wrong = await ask(url, "/challenge", {
      method: "POST",
      from: GUESSER,
      headers: {
        ...NAVIGATION,
        ...jar.header,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ state, captcha: "wrong!" }).toString(),
    });
    jar.take(wrong);
    seen.requests++;
    if (wrong.status === 403) seen.failed++;
    page = wrong.text;
  }
}

async function visit(url: string, from: string, seen: Seen): Promise<void> {
  const steps = await browse(url, "/shop", { from });
  seen.requests += steps.length;
  for (const { status, headers } of steps) {
    if (status !== 302) continue;
    if (headers.location?.startsWith("/challenge") === true) seen.challenged++;
    else seen.solved++;
  }
}
