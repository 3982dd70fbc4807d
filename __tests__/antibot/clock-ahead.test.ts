import { antibot } from "../../src/index.js";
import { browse, Jar, NAVIGATION, ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { site } from "../support/site.js";

const gate = (clock: Clock) =>
  site(
    (shared) =>
      antibot({ ...shared, challenge: "cookie", sessions: { secret: "one secret of both instances" } }),
    { clock },
  );

test("a valid pass from the future is refused where no store says what time it is, and announced once with the difference", async () => {
  const [here, ahead] = [await gate(new Clock(1e12)), await gate(new Clock(1e12 + 125_000))];
  const jar = new Jar();
  const from = "8.8.8.8";
  expect((await browse(ahead.url, "/", { jar, from })).at(-1)?.status).toBe(200);
  const visit = async (url: string): Promise<number> =>
    (await ask(url, "/", { from, headers: { ...NAVIGATION, ...jar.header } })).status;
  expect(await visit(ahead.url)).toBe(200);
  expect(await visit(here.url)).not.toBe(200);
  expect(await visit(here.url)).not.toBe(200);
  const said = here.warnings.filter((line) => line.startsWith("WRN_BUNKER_CLOCK"));
  expect(said).toEqual([expect.stringContaining("125 s in the future")]);
  here.clock.advance(66);
  expect(await visit(here.url)).toBe(200);
  expect(ahead.warnings).toEqual([]);
});
