import type { LogEntry } from "./log-entry.js";

type Fields = Readonly<Record<string, unknown>>;

const words = (text: string): string[] => text.split(" ");

/** Where the usual loggers (nginx, Caddy, Traefik, pino-http, morgan, BunkerWeb) put each part; the first that exists counts. */
const NAMES = {
  time: words("time timestamp @timestamp time_iso8601 time_local ts msec StartUTC date"),
  ip: words(
    "remote_addr client_ip clientIp ip remote_ip remoteAddress remote clientip ClientHost request.client_ip request.remote_ip req.ip req.remoteAddress",
  ),
  status: words("status statusCode status_code res.statusCode response DownstreamStatus code"),
  url: words("request_uri url uri path req.url request.uri RequestPath originalUrl"),
  method: words("request_method method req.method request.method RequestMethod verb"),
  host: words("http_host host server_name vhost req.headers.host request.host RequestHost"),
  referer: words("http_referer referer referrer req.headers.referer request.headers.Referer"),
  userAgent: words(
    "http_user_agent user_agent userAgent user-agent agent req.headers.user-agent request.headers.User-Agent request_User-Agent",
  ),
};

export function readJsonLine(line: string): LogEntry | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return undefined;
  const find = (part: keyof typeof NAMES): unknown => found(fields as Fields, NAMES[part]);
  // nginx's $request is the whole line; other loggers' `request` is an object.
  const whole = (fields as Fields)["request"];
  const [method, url] = typeof whole === "string" ? whole.split(" ") : [];
  const time = timeOf(find("time"));
  const ip = textOf(find("ip"));
  const status = Number(textOf(find("status")) ?? NaN);
  if (time === undefined || ip === undefined || !(status >= 100 && status <= 599)) return undefined;
  return {
    time,
    ip,
    method: textOf(find("method")) ?? method ?? "GET",
    url: textOf(find("url")) ?? url ?? "/",
    status,
    host: textOf(find("host")),
    referer: textOf(find("referer")),
    userAgent: textOf(find("userAgent")),
  };
}

function found(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    const whole = fields[name];
    const value =
      whole ?? name.split(".").reduce<unknown>((at, key) => (at as Fields | null | undefined)?.[key], fields);
    if (value !== undefined && value !== null && value !== "" && value !== "-") return value;
  }
  return undefined;
}

// Caddy lists every header's values.
function textOf(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === "string" ? one : typeof one === "number" ? String(one) : undefined;
}

// Seconds or milliseconds since 1970, or a text that Date reads.
function timeOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const number = Number(text);
  const time = Number.isNaN(number) ? Date.parse(text) : number < 1e11 ? number * 1000 : number;
  return Math.abs(time) < 8e15 ? time : undefined;
}
