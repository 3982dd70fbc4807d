import { describeOnAllLibraries } from "./contract-of-all.js";
import { startSentinel } from "./servers.js";

let sentinel: Awaited<ReturnType<typeof startSentinel>>;
beforeAll(async () => void (sentinel = await startSentinel()));
afterAll(() => sentinel.stop());

describeOnAllLibraries("Sentinel", (library) => library.sentinel(sentinel.port));
