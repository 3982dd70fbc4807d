import { inflateSync } from "node:zlib";
import { type Antibot, antibot, type AntibotOptions, type SharedOptions } from "../../../src/index.js";
import { PUZZLES } from "../../../src/antibot/challenges/javascript.js";
import { KeyRing } from "../../../src/antibot/keys.js";
import { openChallenge } from "../../../src/antibot/challenge-issuer.js";
import type { CaptchaState } from "../../../src/antibot/challenges/captcha/captcha-challenge.js";
import { ask, browse, Jar, NAVIGATION, type Got } from "../../support/ask.js";
import { Clock } from "../../support/clock.js";
import { EXPRESS, HOSTS } from "../../support/hosts.js";
import { site as startSite, type TestSite } from "../../support/site.js";

const SECRET = "a secret of enough characters";
const clock = new Clock();

interface Visitor {
  readonly url: string;
  readonly jar: Jar;
  readonly from: string;
}

function site(
  options: Partial<AntibotOptions> & SharedOptions = {},
  host = EXPRESS,
): Promise<TestSite<Antibot>> {
  const own = { challenge: "captcha", sessions: { secret: SECRET } } as const;
  return startSite((shared) => antibot({ ...own, ...shared, ...options, store: shared.store }), {
    clock,
    host,
    record: ["solved", "failed", "fault"],
  });
}

async function arrive(
  url: string,
  from = "8.8.8.8",
  target = "/shop?item=7",
): Promise<{ visitor: Visitor; page: Got }> {
  const jar = new Jar();
  const steps = await browse(url, target, { jar, from });
  return { visitor: { url, jar, from }, page: steps.at(-1) as Got };
}

function tokenOf(page: Got): string {
  return /name="state" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
}

function stateOf(page: Got): CaptchaState {
  return openChallenge(tokenOf(page), new KeyRing([SECRET]), "default")?.state as CaptchaState;
}

function answerOf(page: Got): string {
  const state = stateOf(page);
  return "image" in state ? state.image : "sound" in state ? state.sound : "";
}

async function post({ url, jar, from }: Visitor, fields: Record<string, string>): Promise<Got> {
  const got = await ask(url, "/challenge", {
    method: "POST",
    from,
    headers: {
      ...NAVIGATION,
      ...jar.header,
      "Sec-Fetch-Site": "same-origin",
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(fields).toString(),
  });
  jar.take(got);
  return got;
}

function fileIn(page: Got): string {
  return (/(?:img|audio)[^>]* src="([^"]+)"/.exec(page.text)?.[1] ?? "").replace(/&amp;/g, "&");
}

describe.each(HOSTS)("on $name", (host) => {
  test("R35 a person reads the picture, answers in any case by a plain form, and lands where they were going", async () => {
    const { url } = await site({}, host);
    const { visitor, page } = await arrive(url);
    expect(page.status).toBe(200);
    expect(page.text).not.toContain("<script");
    const image = await ask(url, fileIn(page), { from: visitor.from, headers: visitor.jar.header });
    expect([image.status, image.headers["content-type"], image.headers["cache-control"]]).toEqual([
      200,
      "image/png",
      "no-store",
    ]);
    const solved = await post(visitor, {
      state: tokenOf(page),
      captcha: ` ${answerOf(page).toLowerCase()} `,
    });
    expect([solved.status, solved.headers.location]).toEqual([303, "/shop?item=7"]);
    expect((await ask(url, "/next", { from: visitor.from, headers: visitor.jar.header })).text).toBe(
      "site: /next",
    );
  });
});

test("a wrong answer gets 403 and a new picture, keeps the destination and counts", async () => {
  const { url, events } = await site();
  const { visitor, page } = await arrive(url);
  const wrong = await post(visitor, { state: tokenOf(page), captcha: "wrong!" });
  expect(wrong.status).toBe(403);
  expect(wrong.text).toMatch(/role="alert"/);
  expect(stateOf(wrong)).not.toEqual(stateOf(page));
  expect(events.map(({ type }) => type)).toEqual(["failed"]);
  const solved = await post(visitor, { state: tokenOf(wrong), captcha: answerOf(wrong) });
  expect([solved.status, solved.headers.location]).toEqual([303, "/shop?item=7"]);
});

test("R14 fifty different guesses at one picture are one evaluation, fifty copies of the answer one pass", async () => {
  const { url, events } = await site({ captcha: { limit: 1000 } });
  const { visitor, page } = await arrive(url);
  const guesses = Array.from({ length: 50 }, (_, index) => `guess${index}`);
  await Promise.all(guesses.map((captcha) => post(visitor, { state: tokenOf(page), captcha })));
  expect(events.filter(({ type }) => type === "failed")).toHaveLength(1);
  expect((await post(visitor, { state: tokenOf(page), captcha: answerOf(page) })).status).toBe(403);
  const next = await arrive(url, "8.8.4.4");
  const fields = { state: tokenOf(next.page), captcha: answerOf(next.page) };
  const copies = await Promise.all(guesses.map(() => post(next.visitor, fields)));
  expect(copies.filter(({ status }) => status === 303)).toHaveLength(1);
});

test("R32 the same picture each time it is asked for, another for another challenge", async () => {
  const { url } = await site();
  const { visitor, page } = await arrive(url);
  const other = await post(visitor, { state: tokenOf(page), want: "image" });
  const get = async (target: string): Promise<string> =>
    (await ask(url, target, { from: visitor.from })).text;
  expect(await get(fileIn(page))).toBe(await get(fileIn(page)));
  expect(await get(fileIn(page))).not.toBe(await get(fileIn(other)));
});

test("the answer is in no page, address, cookie or event", async () => {
  const { url, events } = await site();
  const { visitor, page } = await arrive(url);
  const answer = answerOf(page);
  await post(visitor, { state: tokenOf(page), captcha: "wrong!" });
  expect(answer).toHaveLength(6);
  for (const text of [
    page.text,
    JSON.stringify(page.headers),
    JSON.stringify(visitor.jar.header),
    JSON.stringify(events),
  ])
    expect(text.toLowerCase()).not.toContain(answer.toLowerCase());
});

test("who cannot read it hears digits, and then lets the browser work; neither counts as a failure", async () => {
  const { url, events } = await site();
  const { visitor, page } = await arrive(url);
  const spoken = await post(visitor, { state: tokenOf(page), want: "audio" });
  expect([spoken.status, spoken.text.includes("<audio controls")]).toEqual([200, true]);
  expect(spoken.headers["content-security-policy"]).toContain("media-src 'self'");
  const sound = await ask(url, fileIn(spoken), { from: visitor.from });
  expect([sound.status, sound.headers["content-type"]]).toEqual([200, "audio/wav"]);
  // Who mishears hears another, and is not sent back to the picture.
  const misheard = await post(visitor, { state: tokenOf(spoken), captcha: "000000x" });
  expect([misheard.status, "sound" in stateOf(misheard)]).toEqual([403, true]);
  const work = await post(visitor, { state: tokenOf(misheard), want: "javascript" });
  expect([work.status, "work" in stateOf(work)]).toEqual([200, true]);
  expect(events.map(({ type }) => type)).toEqual(["failed"]);
  const digits = Array.from(answerOf(misheard))
    .map((digit) => String.fromCharCode(0x660 + Number(digit)))
    .join(" ");
  const solved = await post(visitor, { state: tokenOf(misheard), captcha: digits });
  expect(solved.status).toBe(303);
});

test("a sound may take three times as long as a picture, its file too", async () => {
  const { url } = await site();
  const { visitor, page } = await arrive(url);
  const spoken = await post(visitor, { state: tokenOf(page), want: "audio" });
  clock.advance(150);
  expect((await ask(url, fileIn(page), { from: visitor.from })).status).toBe(404);
  expect((await ask(url, fileIn(spoken), { from: visitor.from })).status).toBe(200);
  expect((await post(visitor, { state: tokenOf(page), captcha: answerOf(page) })).status).toBe(403);
  expect((await post(visitor, { state: tokenOf(spoken), captcha: answerOf(spoken) })).status).toBe(303);
  const late = await post(visitor, { state: tokenOf(page), want: "audio" });
  clock.advance(181);
  expect((await post(visitor, { state: tokenOf(late), captcha: answerOf(late) })).status).toBe(403);
});

test("R21 the proof of work in place of the picture costs sixteen times the usual work", async () => {
  const { url } = await site({ captcha: { alternatives: ["javascript"] }, difficulty: 16, adaptive: false });
  const { visitor, page } = await arrive(url);
  expect(page.text).toContain('value="javascript"');
  const work = stateOf(await post(visitor, { state: tokenOf(page), want: "javascript" }));
  expect("work" in work && Math.log2((2 ** 32 * PUZZLES) / work.work.target)).toBeCloseTo(20, 3);
  // What is not offered cannot be asked for.
  expect("image" in stateOf(await post(visitor, { state: tokenOf(page), want: "audio" }))).toBe(true);
});

test("R32 over the budget for everybody, pages fall back to the proof of work and files answer 503", async () => {
  const { url } = await site({ captcha: { budget: 2 } });
  const pages = [];
  for (let visitor = 0; visitor < 4; visitor++) pages.push((await arrive(url, `8.8.8.${visitor + 1}`)).page);
  const answers = [];
  for (const page of pages) answers.push((await ask(url, fileIn(page), { from: "8.8.8.1" })).status);
  expect(answers).toEqual([200, 200, 503, 503]);
  expect("work" in stateOf((await arrive(url, "8.8.8.9")).page)).toBe(true);
  clock.advance(1);
  expect("image" in stateOf((await arrive(url, "8.8.8.10")).page)).toBe(true);
});

test("R31 one client's new pictures are limited, others' are not", async () => {
  const { url } = await site({ captcha: { limit: 3, alternatives: [] } });
  const { visitor, page } = await arrive(url);
  let last = page;
  for (let count = 0; count < 3; count++) last = await post(visitor, { state: tokenOf(last), want: "image" });
  expect(stateOf(last)).toEqual({ wait: true });
  expect((await post(visitor, { state: tokenOf(last), captcha: "" })).status).toBe(403);
  expect("image" in stateOf((await arrive(url, "8.8.4.4")).page)).toBe(true);
  clock.advance(601);
  expect("image" in stateOf((await arrive(url)).page)).toBe(true);
});

test("files without a challenge, with an old one or with another kind's are 404, and nothing is thrown", async () => {
  const { url, events } = await site();
  const { page } = await arrive(url);
  const token = encodeURIComponent(tokenOf(page));
  for (const target of [
    "image",
    "image?state=",
    "image?state=%FF%00",
    `image?state=${token}x`,
    `audio?state=${token}`,
  ])
    expect((await ask(url, `/challenge/${target}`)).status).toBe(404);
  clock.advance(61);
  expect((await ask(url, `/challenge/image?state=${token}`)).status).toBe(404);
  expect(events).toEqual([]);
});

test("R15 an answer after the time ran out is announced, replaced in place, and not counted", async () => {
  const { url, events } = await site();
  const { visitor, page } = await arrive(url);
  const spoken = await post(visitor, { state: tokenOf(page), want: "audio" });
  clock.advance(181);
  const late = await post(visitor, { state: tokenOf(spoken), captcha: answerOf(spoken) });
  expect([late.status, "sound" in stateOf(late), events.length]).toEqual([403, true, 0]);
  expect((await post(visitor, { state: tokenOf(late), captcha: answerOf(late) })).status).toBe(303);
});

test.each([
  [{ alphabet: "AaBbCc" }, "captcha.alphabet"],
  [{ alphabet: "ABCDEFGH☃" }, "captcha.alphabet"],
  [{ length: 2 }, "captcha.length"],
  [{ alternatives: ["braille"] }, "captcha.alternatives"],
  [{ alphabett: "x" }, "captcha.alphabet"],
])("wrong option %j is named", (captcha, named) => {
  expect(() => antibot({ challenge: "captcha", logger: false, captcha: captcha as never })).toThrow(named);
});

test("an alphabet of your own is kept to, and case matters where you say so", async () => {
  const { url } = await site({ captcha: { alphabet: "ÄÖÜß3467", length: 8, caseSensitive: true } });
  const { visitor, page } = await arrive(url);
  expect(answerOf(page)).toMatch(/^[ÄÖÜß3467]{8}$/);
  const decomposed = answerOf(page).normalize("NFD");
  expect((await post(visitor, { state: tokenOf(page), captcha: decomposed })).status).toBe(303);
});

test("the picture is a PNG whose rows are all there", async () => {
  const { drawCaptcha } = await import("../../../src/antibot/challenges/captcha/draw-captcha.js");
  const png = drawCaptcha("ACE236", "seed");
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const start = png.indexOf("IDAT") + 4;
  const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  expect(rows).toHaveLength(height * (1 + Math.ceil(width / 2)));
});
