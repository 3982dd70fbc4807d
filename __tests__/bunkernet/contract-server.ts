import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call, as the server read it. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

/** A report as it came over the wire. */
export interface HeardReport {
  ip: string;
  reason: string;
  data: unknown;
  method: string;
  url: string;
  headers: Record<string, string>;
  server_name: string;
  date: string;
}

/** Answers a call instead of the contract; `true` = it has. */
export type Fault = (call: Heard, req: IncomingMessage, res: ServerResponse) => boolean;

/** A BunkerNet server that checks every byte of every call, and can be told to misbehave. */
export interface ContractServer {
  readonly url: string;
  readonly server: Server;
  /** What clients did against the contract; empty = nothing. */
  readonly violations: string[];
  readonly calls: Heard[];
  /** Reports that were acknowledged, in order. */
  readonly reports: HeardReport[];
  readonly ids: Set<string>;
  /** The list it hands out. */
  list: string[];
  fault: Fault | undefined;
  count(path: string): number;
  close(): Promise<void>;
}

const COMMON = ["integration", "version", "os"];
const OS = ["name", "version", "version_id", "version_codename", "id", "arch"];
const REPORT = ["ip", "reason", "data", "method", "url", "headers", "server_name", "date"];
const ROUTES: Record<string, { method: string; fields: string[] }> = {
  "/register": { method: "POST", fields: COMMON },
  "/ping": { method: "GET", fields: [...COMMON, "id"] },
  "/db": { method: "GET", fields: [...COMMON, "id"] },
  "/report": { method: "POST", fields: [...COMMON, "id", "reports"] },
};

/** Answers as the API does. */
export function answer(res: ServerResponse, status: number, value: unknown, headers = {}): void {
  const body = JSON.stringify(value);
  res.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    ...headers,
  });
  res.end(body);
}

/** Starts one on a free loopback port. */
export async function startContract(
  make: (listener: (req: IncomingMessage, res: ServerResponse) => void) => Server = createServer,
): Promise<ContractServer> {
  const violations: string[] = [];
  const calls: Heard[] = [];
  const reports: HeardReport[] = [];
  const ids = new Set<string>();
  const contract = { list: [] as string[], fault: undefined as Fault | undefined };
  const server = make((req, res) => {
    const chunks: Buffer[] = [];
    req.on("error", () => undefined);
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const text = Buffer.concat(chunks);
      const call = read(req, text, violations);
      calls.push(call);
      if (self.fault?.(call, req, res) === true) return;
      serve(call, res);
    });
  });
  const serve = (call: Heard, res: ServerResponse): void => {
    if (call.path === "/register") {
      const id = `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, "0")}`;
      ids.add(id);
      answer(res, 200, { result: "ok", data: id });
      return;
    }
    if (!ids.has(String(call.body["id"]))) {
      answer(res, 401, { result: "ko", data: "Unauthorized" });
      return;
    }
    if (call.path === "/db") answer(res, 200, { result: "ok", data: self.list });
    else if (call.path === "/ping") answer(res, 200, { result: "ok", data: "pong" });
    else {
      reports.push(...(call.body["reports"] as HeardReport[]));
      answer(res, 200, { result: "ok", data: "Report acknowledged." });
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const self: ContractServer = Object.assign(contract, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    violations,
    calls,
    reports,
    ids,
    count: (path: string) => calls.filter((call) => call.path === path).length,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return self;
}

function read(req: IncomingMessage, text: Buffer, violations: string[]): Heard {
  const path = req.url ?? "";
  const wrong = (what: string): void => void violations.push(`${req.method ?? ""} ${path}: ${what}`);
  const route = ROUTES[path];
  const body = parse(text);
  if (route === undefined) wrong("no such call");
  else {
    if (req.method !== route.method) wrong("wrong method");
    if (String(Object.keys(body).sort()) !== String([...route.fields].sort()))
      wrong(`fields ${Object.keys(body).join()}`);
  }
  const { headers } = req;
  if (headers["content-type"] !== "application/json") wrong(`type ${headers["content-type"] ?? "none"}`);
  if (headers["content-length"] !== String(text.length)) wrong("no Content-Length, or a wrong one");
  if (headers["transfer-encoding"] !== undefined) wrong("chunked");
  if (!/^express-bunker\/\d+\.\d+\.\d+/.test(headers["user-agent"] ?? ""))
    wrong(`agent ${headers["user-agent"] ?? ""}`);
  for (const name of ["cookie", "authorization", "expect", "x-bunkernet-token"])
    if (headers[name] !== undefined) wrong(`header ${name}`);
  if (body["integration"] !== "express-bunker" || typeof body["version"] !== "string") wrong("who it is");
  const os = (body["os"] ?? {}) as Record<string, unknown>;
  if (String(Object.keys(os)) !== String(OS) || Object.values(os).some((value) => typeof value !== "string"))
    wrong(`os ${JSON.stringify(os)}`);
  if (path === "/report") checkReports(body["reports"], wrong);
  return { method: req.method ?? "", path, headers, body };
}

function checkReports(given: unknown, wrong: (what: string) => void): void {
  if (!Array.isArray(given) || given.length < 1 || given.length > 100) {
    wrong("not 1 to 100 reports");
    return;
  }
  for (const report of given as Record<string, unknown>[]) {
    if (String(Object.keys(report).sort()) !== String([...REPORT].sort()))
      wrong(`report of ${Object.keys(report).join()}`);
    for (const name of ["ip", "reason", "method", "url", "server_name", "date"])
      if (typeof report[name] !== "string") wrong(`report.${name} is no text`);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(report["date"]))) wrong("date");
    if (String(report["url"]).includes("?")) wrong("url with a query");
    for (const name of Object.keys(report["headers"] as object))
      if (!/^(?:user-agent|accept(?:-language|-encoding)?|sec-ch-ua)$/.test(name)) wrong(`header ${name}`);
  }
}

function parse(text: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(text.toString("utf8")) as Record<string, unknown>;
  } catch {
    return {};
  }
}
