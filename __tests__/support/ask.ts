import { request, type IncomingHttpHeaders } from "node:http";

/** The options of a request. */
export interface Ask {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** The client's address, sent in X-Forwarded-For. */
  from?: string;
  path?: string;
}

/** A response. */
export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Makes one request and returns the response, without following redirects. Rejects if the connection is dropped. */
export function ask(base: string, target: string, options: Ask = {}): Promise<Got> {
  const url = new URL(base);
  const headers = {
    ...(options.from === undefined ? {} : { "X-Forwarded-For": options.from }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: url.hostname,
        port: url.port,
        method: options.method ?? "GET",
        path: target,
        headers,
        agent: false,
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text,
            get json() {
              return JSON.parse(text) as Record<string, unknown>;
            },
          });
        });
      },
    );
    req.on("error", reject);
    req.end(options.body);
  });
}

/** The headers that a browser sends with a navigation. */
export const NAVIGATION = {
  Accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
};

/** The cookies of one client, kept as in a browser. */
export class Jar {
  private readonly cookies = new Map<string, string>();

  /** The `Cookie` header, or no header if there are no cookies. */
  get header(): Record<string, string> {
    const text = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return text === "" ? {} : { Cookie: text };
  }

  /** Stores the cookies that a response sets. */
  take(got: Got): void {
    for (const line of got.headers["set-cookie"] ?? []) {
      const pair = (line.split(";", 1)[0] as string).split("=");
      this.cookies.set(pair[0] as string, pair.slice(1).join("="));
    }
  }

  get names(): string[] {
    return [...this.cookies.keys()];
  }

  get(name: string): string | undefined {
    return this.cookies.get(name);
  }

  set(name: string, value: string): void {
    this.cookies.set(name, value);
  }
}

/** Navigates like a browser, following redirects with a jar. Returns the response of every step. */
export async function browse(
  base: string,
  target: string,
  options: Ask & { jar?: Jar; keepCookies?: boolean; most?: number } = {},
): Promise<Got[]> {
  const jar = options.jar ?? new Jar();
  const steps: Got[] = [];
  let next: string | undefined = target;
  while (next !== undefined && steps.length < (options.most ?? 10)) {
    const got = await ask(base, next, {
      ...options,
      headers: { ...NAVIGATION, ...options.headers, ...jar.header },
    });
    if (options.keepCookies !== false) jar.take(got);
    steps.push(got);
    next = got.status >= 300 && got.status < 400 ? got.headers.location : undefined;
  }
  return steps;
}
