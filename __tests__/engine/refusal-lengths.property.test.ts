import fc from "fast-check";
import { bunker, MemoryStore } from "../../src/index.js";
import { LANGUAGES } from "../../src/pages/texts.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { site } from "../support/site.js";

// The headers of a refusal are made once for each kind of body, with the length of the first one.
test("every refusal has the length of its own body, whatever was refused before it", async () => {
  const store = new MemoryStore();
  const { url, guard } = await site(
    (shared) =>
      bunker({
        ...shared,
        store,
        bunkernet: false,
        theme: { siteName: "Café ☕ – shop" },
      }),
    { store },
  );
  await guard.bans.add("9.9.9.9");
  const refusal = fc.record({
    language: fc.constantFrom(...Object.keys(LANGUAGES), "xx", "en-GB, de;q=0.5", ""),
    accept: fc.constantFrom(NAVIGATION.Accept, "application/json", "*/*"),
    method: fc.constantFrom("GET", "HEAD", "POST"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(refusal, { minLength: 1, maxLength: 8 }), async (refusals) => {
      for (const { language, accept, method } of refusals) {
        const headers = { Accept: accept, "Accept-Language": language };
        const got = await ask(url, "/", { from: "9.9.9.9", headers, method });
        expect(got.status).toBe(403);
        const length = Number(got.headers["content-length"]);
        if (method === "HEAD") expect(length).toBeGreaterThan(0);
        else {
          expect(length).toBe(Buffer.byteLength(got.text));
          expect(got.text).toMatch(/[0-9a-z]{8}/);
        }
      }
    }),
    { numRuns: 60 },
  );
});
