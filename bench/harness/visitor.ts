import { Agent, request, type IncomingMessage } from "node:http";
import type { ClientHeaders } from "./keep-alive.js";

const AT_MOST_REDIRECTS = 6;

/** The headers that a browser sends for a navigation, without `Accept-Encoding`, so that responses are not compressed. */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language": "en-GB,en;q=0.5",
  "Sec-Fetch-Dest": "document",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Site": "none",
};

/**
 * Visits `origin`/ like a browser at `address`, keeping cookies and following redirects, until the response is a 200.
 * Returns the resulting `Cookie` header. Throws if the gate does not open.
 */
export async function earnPass(origin: string, address: string, agent: Agent): Promise<string> {
  const cookies = new Map<string, string>();
  let url = new URL("/", origin);
  for (let hop = 0; hop <= AT_MOST_REDIRECTS; hop++) {
    const headers: Record<string, string> = { ...BROWSER_HEADERS, "X-Forwarded-For": address };
    if (cookies.size > 0) headers["Cookie"] = cookieHeader(cookies);
    const response = await get(url, headers, agent);
    for (const line of response.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      // A response deletes a cookie by setting it to an empty value.
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    if (response.statusCode === 200 && url.pathname === "/") return cookieHeader(cookies);
    if (response.headers.location === undefined) {
      throw new Error(`${address} was not let in: ${response.statusCode} at ${url.pathname}`);
    }
    url = new URL(response.headers.location, url);
  }
  throw new Error(`${address} was not let in: more than ${AT_MOST_REDIRECTS} redirects`);
}

/** Returns the headers of one client per address that has never been here. */
export function newClients(addresses: readonly string[]): ClientHeaders[] {
  return addresses.map((address) => ({ ...BROWSER_HEADERS, "X-Forwarded-For": address }));
}

/** Returns the headers of one client per address that was sent to the gate and has not solved its challenge. */
export async function clientsAtChallenge(
  origin: string,
  addresses: readonly string[],
): Promise<ClientHeaders[]> {
  return withAgent((agent) =>
    newClients(addresses).map(async (headers) => {
      const response = await get(new URL("/", origin), headers, agent);
      const pairs = (response.headers["set-cookie"] ?? []).map((line) => line.split(";", 1)[0] ?? "");
      if (pairs.length === 0) throw new Error(`the gate set no cookie: ${response.statusCode}`);
      return { ...headers, Cookie: pairs.join("; ") };
    }),
  );
}

/** Returns the headers of one client per address, each with a pass from the gate at `origin`. */
export async function clientsWithPasses(
  origin: string,
  addresses: readonly string[],
): Promise<ClientHeaders[]> {
  return withAgent((agent) =>
    addresses.map(async (address) => ({
      ...BROWSER_HEADERS,
      "X-Forwarded-For": address,
      Cookie: await earnPass(origin, address, agent),
    })),
  );
}

function cookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}

function get(url: URL, headers: ClientHeaders, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent }, (response) => {
      response.resume();
      response.once("end", () => resolve(response));
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}

async function withAgent<T>(start: (agent: Agent) => Promise<T>[]): Promise<T[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const results = await Promise.all(start(agent));
  agent.destroy();
  return results;
}
