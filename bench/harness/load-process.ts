// Makes the load, in a process of its own so that it and the server under test do not share an event loop.
import autocannon from "autocannon";

/** Headers of one client's request for `/`. */
export type ClientHeaders = Record<string, string>;

/** One measurement. */
export interface LoadJob {
  origin: string;
  connections: number;
  seconds: number;
}

/** What came back. */
export interface LoadResult {
  requests: number;
  seconds: number;
  /** How often each status was answered. */
  statuses: Record<string, number>;
  /** Connection errors and timeouts. */
  errors: number;
}

let clients: ClientHeaders[] = [];

async function load({ origin, connections, seconds }: LoadJob): Promise<LoadResult> {
  let started = 0;
  const result = await autocannon({
    url: origin,
    connections,
    duration: seconds,
    // Each connection plays its share of the clients, so that all of them are heard from at any moment.
    setupClient: (client) => {
      const first = started++ % connections;
      const share = clients.filter((_, index) => index % connections === first);
      client.setRequests(share.map((headers) => ({ method: "GET", path: "/", headers })));
    },
  });
  const statuses = (result as unknown as { statusCodeStats: Record<string, { count: number }> })
    .statusCodeStats;
  return {
    requests: result.requests.total,
    seconds: result.duration,
    statuses: Object.fromEntries(Object.entries(statuses).map(([status, { count }]) => [status, count])),
    errors: result.errors + result.timeouts,
  };
}

// Run as a program only: the types above are imported by others.
if (require.main === module) {
  process.on("message", (message: { clients: ClientHeaders[] } | { job: LoadJob }) => {
    if ("clients" in message) {
      clients = message.clients;
      return;
    }
    void load(message.job).then((result) => process.send?.(result));
  });
}
