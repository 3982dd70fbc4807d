import { lstatSync } from "node:fs";
import { join, relative } from "node:path";
import { controlServer } from "../../src/control/index.js";
import { bunker, MemoryStore } from "../../src/index.js";
import { buildProgram } from "../cli/program.js";

test("a control socket keeps no process alive; what it leaves behind is replaced by the next", async () => {
  const program = buildProgram("__tests__/control/lone-app.ts");
  try {
    // Relative: however deep the repository lies, a socket's path is short.
    const path = join(relative(process.cwd(), program.folder), "app.sock");
    for (let start = 0; start < 2; start++)
      expect(await program.run(["app.sock"])).toEqual({ code: 0, out: "open\n", err: "" });
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    const app = bunker({ store: new MemoryStore(), bunkernet: false, logger: false });
    const control = await controlServer(
      {
        bans: app.bans,
        explain: (subject) => app.explain(subject),
        lookups: {},
        mode: app.mode.bind(app),
        health: () => app.health(),
        bunkernet: undefined,
      },
      { path },
    );
    await control.close();
    await app.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  } finally {
    program.remove();
  }
});
