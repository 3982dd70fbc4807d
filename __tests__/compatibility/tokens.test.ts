// Cookies and pages outlive a deploy, and two versions may serve one site. Neither the labels that keys are derived with nor
// the shape of what is sealed may change.
import { createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { antibot, MemoryStore, type AntibotOptions } from "../../src/index.js";
import { ask, Jar, NAVIGATION, type Got } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
// Made by version 0.1.0. Never write them anew: what would change is what visitors hold.
import old from "./tokens.json";

const SECRET = "a secret of enough characters";
const VISITOR = { from: "8.8.8.8", headers: { "User-Agent": "Fixture/1.0" } };

const clock = new Clock();
let served: Served;
let jar: Jar;

beforeEach(() => void (jar = new Jar()));
afterEach(() => served.close());

async function start(challenge: AntibotOptions["challenge"], secret = SECRET): Promise<void> {
  const store = new MemoryStore({ now: clock.now });
  const sessions = { secret };
  const options = { difficulty: 16, adaptive: false, logger: false, now: clock.now } as const;
  const gate = antibot({ challenge, sessions, store, ...options });
  served = await serve(EXPRESS.app([gate], plainSite));
}

const visit = (path: string): Promise<Got> =>
  ask(served.url, path, { ...VISITOR, headers: { ...NAVIGATION, ...VISITOR.headers, ...jar.header } });

/** A form that is posted to the site by somebody without a pass. */
const order = (): Promise<Got> =>
  ask(served.url, "/order?a=1", {
    ...VISITOR,
    method: "POST",
    body: "name=Ann&item=7",
    headers: {
      ...NAVIGATION,
      ...VISITOR.headers,
      ...jar.header,
      "Content-Type": "application/x-www-form-urlencoded",
      "Sec-Fetch-Site": "same-origin",
    },
  });

const formIn = (page: string): string => /name="form" value="([^"]+)"/.exec(page)?.[1] ?? "";

describe("what was made earlier is still taken", () => {
  test("a pass", async () => {
    await start("cookie");
    jar.set(old.passName, old.pass);
    expect((await visit("/next")).text).toBe("site: /next");
  });

  test("but no pass of another secret's", async () => {
    await start("cookie", "another secret of enough characters");
    jar.set(old.passName, old.pass);
    expect((await visit("/next")).status).toBe(302);
  });

  test("a browser cookie, and a destination", async () => {
    await start("cookie");
    jar.set(old.browserName, old.browser);
    const got = await visit(old.destination);
    expect([got.status, got.headers.location]).toEqual([302, "/shop?item=7"]);
  });

  test("a challenge", async () => {
    await start("javascript");
    jar.set(old.browserName, old.browser);
    const fields = { state: old.state, challenge: old.solution };
    const got = await post(served.url, "/challenge", fields, jar, VISITOR);
    expect([got.status, got.json]).toEqual([200, { location: "/shop?item=7" }]);
  });

  test("a form that waits", async () => {
    await start("javascript");
    jar.set(old.browserName, old.browser);
    const fields = { state: old.formState, challenge: old.formSolution, form: old.form };
    const got = await post(served.url, "/challenge/form", fields, jar, VISITOR);
    const repost = {
      url: "/order?a=1",
      fields: [
        ["name", "Ann"],
        ["item", "7"],
      ],
    };
    expect([got.status, got.json]).toEqual([200, { repost }]);
  });
});

describe("what is made now can be read by those who run version 0.1.0", () => {
  const keyOf = (purpose: string, bytes = 32): Buffer =>
    Buffer.from(hkdfSync("sha256", SECRET, "express-bunker", purpose, bytes));

  const lengthPrefixed = (...parts: string[]): Buffer =>
    Buffer.concat(
      parts.flatMap((part) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(Buffer.byteLength(part));
        return [length, Buffer.from(part)];
      }),
    );

  function bytesOf(token: string | undefined): Buffer {
    const bytes = Buffer.from(token ?? "", "base64url");
    expect(bytes.subarray(0, 4)).toEqual(keyOf("key id", 4));
    return bytes.subarray(4);
  }

  function opened(token: string | undefined, purpose: string, ...context: string[]): unknown {
    const bytes = bytesOf(token);
    const decipher = createDecipheriv("aes-256-gcm", keyOf(purpose), bytes.subarray(0, 12));
    decipher.setAAD(lengthPrefixed(purpose, ...context));
    decipher.setAuthTag(bytes.subarray(-16));
    return JSON.parse(decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8"));
  }

  const id = expect.stringMatching(/^[\w-]{12}$/) as string;
  const now = clock.now();

  test("a pass, a browser cookie, a destination", async () => {
    await start("cookie");
    const first = await visit("/shop?item=7");
    jar.take(first);
    const destination = (first.headers.location ?? "").split("?to=")[1];
    jar.take(await visit(first.headers.location ?? ""));
    expect(jar.names).toEqual([old.browserName, old.passName]);
    expect(opened(jar.get(old.browserName), "browser", "default")).toEqual([id, now]);
    expect(opened(destination, "destination", "default")).toEqual(["/shop?item=7", 0, null]);

    const pass = bytesOf(jar.get(old.passName));
    const text = pass.toString("utf8", 32);
    const mac = createHmac("sha256", keyOf("pass")).update(lengthPrefixed("pass", "default", text));
    expect(pass.subarray(0, 32)).toEqual(mac.digest());
    expect(JSON.parse(text)).toEqual([id, now, [["cookie", now]], "8.8.8", "vfzoxDyhKz6", 0]);
  });

  test("a challenge, and a form that waits", async () => {
    await start("javascript");
    const page = await openChallenge(served.url, "/shop?item=7", jar, VISITOR);
    const [browser] = opened(jar.get(old.browserName), "browser", "default") as [string];
    const [, ...challenge] = opened(workOf(page.text).state, "challenge", "default") as unknown[];
    const state = { seed: expect.stringMatching(/^[0-9a-f]{64}$/) as string, target: 2097152 };
    expect(challenge).toEqual(["javascript", now, browser, "8.8.8.8", "/shop?item=7", null, state]);
    const fields = [
      ["name", "Ann"],
      ["item", "7"],
    ];
    const form = formIn((await order()).text);
    expect(opened(form, "form", "default", browser)).toEqual(["/order?a=1", fields]);
    // The very fields that a page of version 0.1.0 posts.
    const { state: token, ...work } = workOf(page.text);
    const got = await post(served.url, "/challenge", { state: token, challenge: solve(work) }, jar, VISITOR);
    expect(got.json).toEqual({ location: "/shop?item=7" });
  });
});
