// A program that opens a control socket at its first argument and has nothing else to do.
import { bunker, MemoryStore } from "../../src/index.js";
import { controlServer } from "../../src/control/index.js";

const app = bunker({ store: new MemoryStore(), bunkernet: false, logger: false });
void controlServer(
  {
    bans: app.bans,
    explain: (subject) => app.explain(subject),
    lookups: {},
    mode: app.mode.bind(app),
    health: () => app.health(),
    bunkernet: undefined,
  },
  { path: process.argv[2] as string },
).then(() => console.log("open"));
