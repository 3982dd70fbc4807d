import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, startServer } from "../support/server-process.js";
import { read, upstreamServers } from "./files.js";

const run = promisify(execFile);

/** Returns the port at which a server of an upstream listens in the test, by the name of its container. */
type PortOf = (container: string, upstream: string) => number;

/** A response that came through nginx. */
interface Visit {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A running nginx with the configuration of examples/compose. */
export interface Nginx {
  /** The origin of the port for visitors. */
  readonly site: string;
  /** The origin of the port for operators. */
  readonly operators: string;
  /** What nginx -t has said of the same configuration. */
  readonly checked: string;
  /** Makes a request to the port for visitors from a loopback address. */
  visit(localAddress: string, path: string, headers?: Record<string, string>): Promise<Visit>;
  stop(): Promise<void>;
}

/** Starts nginx in a folder of its own, as one process that needs no rights. */
export async function startNginx(portOf: PortOf): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "bunker-nginx-"));
  const operatorsPort = await freePort();
  let args: string[] = [];
  const server = await startServer({
    program: "nginx",
    async args(port) {
      await writeFile(
        join(folder, "site.conf"),
        shippedConfig({ site: port, operators: operatorsPort }, portOf),
      );
      await writeFile(join(folder, "nginx.conf"), surroundings(folder));
      return (args = ["-p", folder, "-c", "nginx.conf"]);
    },
    // Any status shows that nginx responds.
    answers: (port) => run("curl", ["-s", "-o", "/dev/null", `http://127.0.0.1:${port}/`]),
  });
  const { stderr } = await run(server.child.spawnfile, [...args, "-t"]);
  const site = `http://127.0.0.1:${server.port}`;
  return {
    site,
    operators: `http://127.0.0.1:${operatorsPort}`,
    checked: stderr,
    visit: (localAddress, path, headers = {}) => visit(`${site}${path}`, localAddress, headers),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the shipped nginx.conf. The names of containers and the ports become those of the test; nothing else changes. */
function shippedConfig(listen: { site: number; operators: number }, portOf: PortOf): string {
  let text = read("compose/nginx.conf")
    .replace("listen 80 ", `listen 127.0.0.1:${listen.site} `)
    .replace("listen 8081;", `listen 127.0.0.1:${listen.operators};`);
  for (const [upstream, servers] of Object.entries(upstreamServers(text)))
    for (const server of servers) {
      const [container = ""] = server.split(":");
      text = text.replace(`server ${server};`, `server 127.0.0.1:${portOf(container, upstream)};`);
    }
  return text;
}

/** Returns what the image's own nginx.conf does: an http block that includes the file. */
function surroundings(folder: string): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (what) => `${what}_temp_path ${what};`,
  );
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${places.join("\n  ")}
  include ${join(folder, "site.conf")};
}
`;
}

function visit(url: string, localAddress: string, headers: Record<string, string>): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const req = request(url, { localAddress, headers, agent: false }, (res) => {
      let text = "";
      res.on("data", (chunk: Buffer) => (text += chunk.toString()));
      res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
    });
    req.on("error", reject);
    req.end();
  });
}
