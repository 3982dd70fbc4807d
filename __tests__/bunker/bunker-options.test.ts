import { bunker } from "../../src/index.js";
import { antibotTable } from "../../src/antibot/options.js";
import { badBehaviorTable } from "../../src/bad-behavior/options.js";
import { bunkernetTable } from "../../src/bunkernet/options.js";
import { sharedTable } from "../../src/engine/shared-options.js";
import { dnsblTable } from "../../src/dnsbl/options.js";

describe("options in the wrong place", () => {
  test.each(["antibot", "badBehavior", "dnsbl", "bunkernet"])(
    "a shared option in %s is told its place",
    (part) => {
      const wrong = { antibot: { challenge: "cookie" }, [part]: { challenge: "cookie", cacheDir: "/tmp" } };
      expect(() => bunker(wrong as never)).toThrow(
        `${part}.cacheDir: got "(a text under this name)"; allowed: cacheDir beside ${part}, not in it`,
      );
      const ofService = { services: { "a.example.com": { [part]: { challenge: "cookie", store: 1 } } } };
      expect(() => bunker(ofService as never)).toThrow(
        `services.a.example.com.${part}.store: got 1; allowed: store beside ${part}, not in it`,
      );
    },
  );

  // A wrong value of such an option would be told that it is in the wrong place.
  test("no protection has an option of its own by a shared option's name", () => {
    const shared = Object.keys(sharedTable);
    for (const table of [antibotTable, badBehaviorTable, bunkernetTable, dnsblTable])
      expect(Object.keys(table).filter((name) => shared.includes(name))).toEqual([]);
  });

  test("a kind of challenge in the gate's place, and a gate that is just on, are shown how", () => {
    for (const antibot of ["captcha", true])
      expect(() => bunker({ antibot: antibot as never })).toThrow(
        `antibot: got ${JSON.stringify(antibot)}; allowed: false, or an object of options such as { challenge: "javascript" }`,
      );
  });
});
