import { Agent, request, type IncomingMessage } from "node:http";
import type { ClientHeaders } from "./load-process.js";

const AT_MOST_REDIRECTS = 6;

/** What a browser sends when somebody follows a link; `Accept-Encoding` is left out so that answers can be read. */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language": "en-GB,en;q=0.5",
  "Sec-Fetch-Dest": "document",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Site": "none",
};

/**
 * Visits `origin`/ as a browser at `address` does, keeping cookies and following redirects, until it sees a 200.
 * Answers the `Cookie` header that it holds then. Throws when the gate does not let it in.
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
      // An answer that takes a cookie away sets it to nothing.
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

/** Headers of the clients at these addresses, each with a pass that the gate at `origin` gave it. */
export async function clientsWithPasses(
  origin: string,
  addresses: readonly string[],
): Promise<ClientHeaders[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const clients = await Promise.all(
    addresses.map(async (address) => ({
      ...BROWSER_HEADERS,
      "X-Forwarded-For": address,
      Cookie: await earnPass(origin, address, agent),
    })),
  );
  agent.destroy();
  return clients;
}

function cookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}

function get(url: URL, headers: Record<string, string>, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent }, (response) => {
      response.resume();
      response.once("end", () => resolve(response));
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}
