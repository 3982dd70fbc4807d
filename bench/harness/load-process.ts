// Makes the load in a separate process, so that it does not share an event loop with the server under test.
import { KeepAlive, requestText, type ClientHeaders } from "./keep-alive.js";

/** The parameters of one measurement: a number of requests, or as many as fit in a time. */
export type LoadJob = {
  origin: string;
  connections: number;
  /** Default: `/`. */
  path?: string;
} & ({ requests: number } | { seconds: number });

/** The result of one measurement. */
export interface LoadResult {
  requests: number;
  seconds: number;
  /** The number of responses with each status. */
  statuses: Record<string, number>;
  /** The number of responses that set a cookie. */
  cookies: number;
}

/** A message to the load process. */
export type LoadMessage =
  | { job: LoadJob }
  /** The clients of one origin, or of all others. */
  | { clients: readonly ClientHeaders[]; origin?: string };

/** The answer to a job. */
export type LoadAnswer = { result: LoadResult } | { error: string };

const EVERY_ORIGIN = "";
const clients = new Map<string, readonly ClientHeaders[]>();
/** The connections stay open between measurements: a slice of some hundred requests costs the server no new connection. */
const pools = new Map<string, Pool>();

/** The open connections to one server. Each connection sends for its share of the clients, so that all of them are active. */
class Pool {
  private readonly connections: KeepAlive[];
  private due: () => boolean = () => false;
  private waiting = 0;
  private statuses: Record<string, number> = {};
  private cookies = 0;
  private settle: (error?: Error) => void = () => undefined;

  constructor({ origin, connections, path = "/" }: LoadJob) {
    const url = new URL(origin);
    const all = clients.get(origin) ?? clients.get(EVERY_ORIGIN) ?? [];
    this.connections = Array.from({ length: connections }, (_, index) => {
      const share = all.filter((_, client) => client % connections === index);
      const requests = share.map((headers) => requestText(url, path, headers));
      return new KeepAlive(url, requests, this);
    });
  }

  async run(job: LoadJob): Promise<LoadResult> {
    let sent = 0;
    const started = performance.now();
    this.due =
      "requests" in job
        ? () => sent++ < job.requests
        : () => performance.now() - started < job.seconds * 1000;
    this.statuses = {};
    this.cookies = 0;
    await new Promise<void>((resolve, reject) => {
      this.settle = (error) => {
        this.due = () => false;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.waiting = this.connections.length;
      for (const connection of this.connections) this.next(connection);
    });
    const requests = Object.values(this.statuses).reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - started) / 1000;
    return { requests, seconds, statuses: this.statuses, cookies: this.cookies };
  }

  answered(connection: KeepAlive, head: string): void {
    const status = head.slice(9, 12);
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (/^set-cookie:/im.test(head)) this.cookies++;
    this.next(connection);
  }

  failed(error: Error): void {
    this.settle(error);
  }

  private next(connection: KeepAlive): void {
    if (this.due()) connection.send();
    else if (--this.waiting === 0) this.settle();
  }
}

async function work(job: LoadJob): Promise<LoadAnswer> {
  const key = `${job.origin} ${job.connections} ${job.path}`;
  const pool = pools.get(key) ?? new Pool(job);
  pools.set(key, pool);
  try {
    return { result: await pool.run(job) };
  } catch (error) {
    return { error: `${job.origin}: ${(error as Error).message}` };
  }
}

// Other files import the types above; the listener is only for the child process.
if (require.main === module) {
  process.on("message", (message: LoadMessage) => {
    if ("clients" in message) clients.set(message.origin ?? EVERY_ORIGIN, message.clients);
    else void work(message.job).then((answer) => process.send?.(answer));
  });
  process.once("disconnect", () => process.exit());
}
