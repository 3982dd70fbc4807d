// Takes part in a BunkerNet until it is killed. Arguments: server, cacheDir.
import { createServer } from "node:http";
import { MemoryStore } from "../../src/index.js";
import { bunkernet } from "../../src/bunkernet/index.js";

const [server = "", cacheDir = ""] = process.argv.slice(2);
const guard = bunkernet({ server, cacheDir, store: new MemoryStore(), logger: false, timeout: 60_000 });
createServer().listen(0, "127.0.0.1");
void guard.sync().then(() => process.stdout.write("synced\n"));
