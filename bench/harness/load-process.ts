// Makes the load in a separate process, so that it does not share an event loop with the server under test.
import autocannon from "autocannon";

/** The headers of one client's request for `/`. */
export type ClientHeaders = Record<string, string>;

/** The parameters of one measurement. */
export interface LoadJob {
  origin: string;
  connections: number;
  seconds: number;
}

/** The result of one measurement. */
export interface LoadResult {
  requests: number;
  seconds: number;
  /** The number of responses with each status. */
  statuses: Record<string, number>;
  /** The number of connection errors and timeouts. */
  errors: number;
}

let clients: ClientHeaders[] = [];

async function load({ origin, connections, seconds }: LoadJob): Promise<LoadResult> {
  let started = 0;
  const result = await autocannon({
    url: origin,
    connections,
    duration: seconds,
    // Each connection sends for its share of the clients, so that all clients are active all the time.
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

// Other files import the types above; the listener is only for the child process.
if (require.main === module) {
  process.on("message", (message: { clients: ClientHeaders[] } | { job: LoadJob }) => {
    if ("clients" in message) {
      clients = message.clients;
      return;
    }
    void load(message.job).then((result) => process.send?.(result));
  });
}
