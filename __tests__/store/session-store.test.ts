import session from "express-session";
import { MemoryStore, SessionStore, type Store } from "../../src/index.js";
import { Clock } from "../support/clock.js";

const clock = new Clock(Date.now());
const forLife = { cookie: { originalMaxAge: null, expires: null }, basket: "apples" };

function made(options?: { prefix?: string; ttl?: number }): { store: MemoryStore; sessions: SessionStore } {
  const store = new MemoryStore({ now: clock.now });
  return { store, sessions: new SessionStore(store, options) };
}

function call<T>(work: (callback: (error: unknown, value?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    work((error, value) => {
      if (error instanceof Error) reject(error);
      else resolve(value);
    });
  });
}

const get = (sessions: SessionStore, id: string): Promise<unknown> => call((done) => sessions.get(id, done));
const set = (sessions: SessionStore, id: string, data: typeof forLife): Promise<unknown> =>
  call((done) => sessions.set(id, data, done));

test("it fits express-session's own type", () => {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- published types import no optional peer's
  const store: session.Store = made().sessions;
  expect(session({ store, secret: "x", resave: false, saveUninitialized: false })).toBeInstanceOf(Function);
});

test("what is set is there, in the store that was given, until it is destroyed", async () => {
  const { store, sessions } = made();
  expect(await get(sessions, "one")).toBeNull();
  await set(sessions, "one", forLife);
  expect(await get(sessions, "one")).toEqual(forLife);
  expect(store.get("cache:session|one")).toBe(JSON.stringify(forLife));
  await call((done) => sessions.destroy("one", done));
  expect(await get(sessions, "one")).toBeNull();
});

test("a session lasts as long as its cookie, or `ttl` seconds", async () => {
  const { store, sessions } = made({ ttl: 60 });
  await set(sessions, "open", forLife);
  const expires = new Date(Date.now() + 600_000);
  await call((done) => sessions.set("dated", { cookie: { expires } }, done));
  expect(store.ttl("cache:session|open")).toBe(60);
  expect(Math.round((store.ttl("cache:session|dated") as number) / 10)).toBe(60);
  clock.advance(60);
  expect(await get(sessions, "open")).toBeNull();
  await call((done) => sessions.set("dated", { cookie: { expires: new Date(0) } }, done));
  expect(await get(sessions, "dated")).toBeNull();
});

test("touch lets a session last anew, keeps its data, and brings none back", async () => {
  const { store, sessions } = made({ ttl: 60 });
  await set(sessions, "one", forLife);
  clock.advance(50);
  await call((done) => sessions.touch("one", { cookie: { expires: null } }, done));
  await call((done) => sessions.touch("gone", { cookie: { expires: null } }, done));
  expect(store.ttl("cache:session|one")).toBe(60);
  expect(await get(sessions, "one")).toMatchObject({ basket: "apples" });
  expect(await get(sessions, "gone")).toBeNull();
});

test("all, length and clear see these sessions alone", async () => {
  const { store, sessions } = made();
  const others = new SessionStore(store, { prefix: "admin|" });
  await set(sessions, "one", forLife);
  await set(sessions, "two", forLife);
  await set(others, "three", forLife);
  const all = await call<{ id: string }[]>((done) => sessions.all(done));
  expect(all?.map(({ id }) => id).sort()).toEqual(["one", "two"]);
  expect(await call((done) => sessions.length(done))).toBe(2);
  await call((done) => sessions.clear(done));
  expect([await call((done) => sessions.length(done)), await call((done) => others.length(done))]).toEqual([
    0, 1,
  ]);
});

test("a store that fails is told of in the callback", async () => {
  const broken = {
    get: () => Promise.reject(new Error("away")),
    set: () => {
      throw new Error("away");
    },
  };
  const sessions = new SessionStore(broken as unknown as Store);
  await expect(get(sessions, "one")).rejects.toThrow(/ERR_BUNKER_STORE.*away/);
  await expect(set(sessions, "one", forLife)).rejects.toThrow(/ERR_BUNKER_STORE.*away/);
});

test("a ttl that is no time is refused", () => {
  expect(() => made({ ttl: 0 })).toThrow(/ttl/);
});

test("without express-session the error says what to install", () => {
  jest.isolateModules(() => {
    jest.doMock("express-session", () => {
      throw Object.assign(new Error("Cannot find module 'express-session'"), { code: "MODULE_NOT_FOUND" });
    });
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const fresh = require("../../src/store/session-store.js") as { SessionStore: typeof SessionStore };
    expect(() => new fresh.SessionStore(new MemoryStore())).toThrow(
      /ERR_BUNKER_PACKAGE.*npm install express-session/,
    );
  });
  jest.dontMock("express-session");
});
