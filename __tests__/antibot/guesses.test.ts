import { antibot, MemoryStore } from "../../src/index.js";
import { Jar } from "../support/ask.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

const stateOf = (page: string): string => /name="state" value="([\w-]+)"/.exec(page)?.[1] ?? "";

test("R31 wrong captcha answers from many networks leave room for proofs of work", async () => {
  const store = new MemoryStore({ maxKeys: { spent: 200 } });
  const gate = antibot({
    challenge: "captcha",
    captcha: { alternatives: ["javascript"] },
    difficulty: 16,
    logger: false,
    store,
    sessions: { secret: SECRET },
  });
  served = await serve(EXPRESS.app([gate], plainSite));
  const { url } = served;
  const guess = async (from: string): Promise<number> => {
    const jar = new Jar();
    const page = await openChallenge(url, "/", jar, { from });
    return (await post(url, "/challenge", { state: stateOf(page.text), captcha: "wrong" }, jar, { from }))
      .status;
  };
  const statuses: number[] = [];
  for (let i = 0; i < 250; i++) statuses.push(await guess(`${20 + (i % 100)}.${i}.0.1`));
  // The flood is refused once its own budget is used up.
  expect(statuses.slice(0, 100)).toEqual(Array(100).fill(403));
  expect(statuses.at(-1)).toBe(503);

  // A proof of work in place of the captcha still gets a pass.
  const jar = new Jar();
  const from = "8.8.8.8";
  const page = await openChallenge(url, "/", jar, { from });
  const asked = await post(url, "/challenge", { state: stateOf(page.text), want: "javascript" }, jar, {
    from,
    headers: { Accept: "text/html" },
  });
  const work = workOf(asked.text);
  const got = await post(url, work.action, { state: work.state, challenge: solve(work) }, jar, { from });
  expect(got.status).toBe(200);
}, 60_000);
