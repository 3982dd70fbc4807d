import { describeOnAllLibraries } from "./contract-of-all.js";
import { startRedis, type RedisServer } from "./servers.js";

let server: RedisServer;
beforeAll(async () => void (server = await startRedis()));
afterAll(() => server.stop("SIGKILL"));

describeOnAllLibraries("one server", (library) => library.standalone(server.url));
