import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts a BunkerNet server on loopback, with a list of `entries` addresses that no client has. Returns its URL. */
export async function serveBunkernet(entries: number): Promise<string> {
  const list = Array.from(
    { length: entries },
    (_, index) =>
      `"${60 + (index >> 20)}.${(index >> 12) & 255}.${(index >> 4) & 255}.${(index & 15) * 16 + 1}"`,
  );
  const answers: Record<string, string> = {
    "/register": '{"result":"ok","data":"00000000-0000-4000-8000-000000000000"}',
    "/db": `{"result":"ok","data":[${list.join()}]}`,
  };
  const server = createServer((req, res) => {
    req.resume();
    res.setHeader("Content-Type", "application/json");
    res.end(answers[req.url ?? ""] ?? '{"result":"ok","data":"pong"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
