import { Agent, request } from "node:http";

/** A request of a crowd. */
export interface Asked {
  readonly url: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Many clients at once, over connections that are kept. */
export class Crowd {
  private readonly agent: Agent;

  /** @param connections how many there are to each instance at most */
  constructor(connections: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Makes one request and answers its status. Rejects when the connection was lost. */
  ask({ url, path, headers }: Asked): Promise<number> {
    return new Promise((resolve, reject) => {
      const req = request(new URL(path, url), { agent: this.agent, headers }, (res) => {
        res.resume();
        res.on("error", reject);
        res.on("end", () => resolve(res.statusCode ?? 0));
      });
      req.on("error", reject);
      req.end();
    });
  }

  /** Makes `count` requests at once, spread over the urls; answers how often each status came back. */
  async all(
    count: number,
    urls: readonly string[],
    asked: Omit<Asked, "url">,
  ): Promise<Record<number, number>> {
    const statuses = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        this.ask({ ...asked, url: urls[index % urls.length] as string }),
      ),
    );
    const counted: Record<number, number> = {};
    for (const status of statuses) counted[status] = (counted[status] ?? 0) + 1;
    return counted;
  }

  close(): void {
    this.agent.destroy();
  }
}
