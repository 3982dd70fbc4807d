import { describeOnAllLibraries } from "./contract-of-all.js";
import { startCluster } from "./servers.js";

let cluster: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => void (cluster = await startCluster()));
afterAll(() => cluster.stop());

describeOnAllLibraries("a Cluster", (library) => library.cluster(cluster.ports));
