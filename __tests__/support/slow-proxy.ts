import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy in front of one port of this machine that can delay replies and drop all data. */
export interface SlowProxy {
  readonly port: number;
  /** The number of open connections from clients. */
  readonly open: number;
  /** The number of connections that clients have made so far. */
  readonly made: number;
  /** The delay of the server's replies in ms; a function is called for each chunk. The order of the chunks is kept. */
  delay: number | (() => number);
  /** While `true`, connections are accepted but all bytes are dropped, as with a host that is frozen. */
  frozen: boolean;
  close(): Promise<void>;
}

/** Starts a proxy in front of `port`. */
export async function startSlowProxy(port: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  let open = 0;
  let made = 0;
  const server = createServer((client) => {
    open++;
    made++;
    const target = connect(port, "127.0.0.1");
    let answers: Promise<unknown> = Promise.resolve();
    const later = (work: () => unknown): void => {
      const at = performance.now() + (typeof proxy.delay === "number" ? proxy.delay : proxy.delay());
      answers = answers
        .then(() => new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now()))))
        .then(work);
    };
    client.on("data", (bytes) => proxy.frozen || target.write(bytes));
    client.on("close", () => {
      open--;
      target.destroy();
    });
    target.on("data", (bytes) => later(() => proxy.frozen || client.destroyed || client.write(bytes)));
    target.on("close", () => later(() => client.destroy()));
    for (const one of [client, target]) {
      sockets.add(one);
      one.on("error", () => undefined).on("close", () => sockets.delete(one));
    }
  });
  const proxy: SlowProxy = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    get open() {
      return open;
    },
    get made() {
      return made;
    },
    delay: 0,
    frozen: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return proxy;
}
