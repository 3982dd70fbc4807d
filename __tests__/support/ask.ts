import { request, type IncomingHttpHeaders } from "node:http";

/** How a request is made. */
export interface Ask {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** The address to play, by X-Forwarded-For. */
  from?: string;
  /** Written to the request line as it is. */
  path?: string;
}

/** What came back. */
export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Makes one request, follows nothing, and answers what came back. Rejects when the connection was dropped. */
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

/** What a browser sends with a navigation. */
export const NAVIGATION = {
  Accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
};

/** A client that keeps cookies, as a browser does. */
export class Jar {
  private readonly cookies = new Map<string, string>();

  /** The Cookie header. */
  get header(): Record<string, string> {
    const text = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return text === "" ? {} : { Cookie: text };
  }

  /** Takes what a response sets. */
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

/** Follows redirects with a jar, as a browser's navigation; answers every step. */
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
