import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** A running proxy. */
export interface Proxy {
  readonly url: string;
  /** The hosts and ports that clients asked to connect to. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts a CONNECT proxy that connects every name to one port of this machine. */
export async function startProxy(port: number): Promise<Proxy> {
  const asked: string[] = [];
  const tunnels = new Set<Duplex>();
  const server = createServer((_req, res) => res.writeHead(400).end());
  server.on("connect", (req, socket, head) => {
    asked.push(req.url ?? "");
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      if (head.length > 0) target.write(head);
      target.pipe(socket).pipe(target);
    });
    tunnels.add(socket);
    socket.on("close", () => tunnels.delete(socket));
    for (const one of [socket, target]) {
      one.on("error", () => undefined);
      one.on("close", () => [socket, target].forEach((end) => end.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const tunnel of tunnels) tunnel.destroy();
      }),
  };
}

const NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
const VARIABLES = [...NAMES, ...NAMES.map((name) => name.toUpperCase())];
const before = new Map(VARIABLES.map((name) => [name, process.env[name]]));

/** Deletes the environment variables that name a proxy. */
export function clearProxyVariables(): void {
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
}

/** Restores the environment variables that name a proxy as they were at the start. */
export function restoreProxyVariables(): void {
  clearProxyVariables();
  for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
}
