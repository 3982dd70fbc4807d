import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { BanRow } from "./api.js";
import type { ApiCall } from "./api-call.js";
import { matchingBans } from "./reports/bans.js";
import type { Watched } from "./watched.js";

const FORMATS = ["json", "csv", "text"] as const;

interface Format {
  readonly type: string;
  readonly extension: string;
  readonly start: string;
  readonly between: string;
  readonly end: string;
  line(ban: BanRow): string;
}

const WRITERS: Readonly<Record<(typeof FORMATS)[number], Format>> = {
  json: {
    type: "application/json; charset=utf-8",
    extension: "json",
    start: "[\n",
    between: ",\n",
    end: "\n]\n",
    line: (ban) => JSON.stringify(ban),
  },
  csv: {
    type: "text/csv; charset=utf-8; header=present",
    extension: "csv",
    start: "address,scope,service,reason,action,date,expires\r\n",
    between: "\r\n",
    end: "\r\n",
    line: ({ address, scope, service, reason, action, date, expires }) =>
      [address, scope, service, reason, action, iso(date), expires === null ? "never" : iso(expires)]
        .map(cell)
        .join(","),
  },
  text: {
    type: "text/plain; charset=utf-8",
    extension: "txt",
    start: "",
    between: "\n",
    end: "\n",
    line: ({ address }) => address,
  },
};

/** Writes the bans that match as a file, as they are read: there may be a million. */
export async function exportBans(watched: Watched, call: ApiCall, res: ServerResponse): Promise<void> {
  const format = WRITERS[call.oneOf("format", FORMATS, "json")];
  const query = {
    search: call.text("search") ?? "",
    reason: call.text("reason"),
    service: call.text("service"),
  };
  res.writeHead(200, {
    "Content-Type": format.type,
    "Content-Disposition": `attachment; filename="bans.${format.extension}"`,
    "Cache-Control": "no-store",
  });
  if (call.req.method === "HEAD") {
    res.end();
    return;
  }
  res.write(format.start);
  const written = new Set<string>();
  let isFirst = true;
  for await (const ban of matchingBans(watched, query)) {
    if (res.destroyed) return;
    // A list of addresses has each once, however many services ban it.
    if (format === WRITERS.text && ban.scope === "service") {
      if (written.has(ban.address)) continue;
      written.add(ban.address);
    }
    const line = `${isFirst ? "" : format.between}${format.line(ban)}`;
    isFirst = false;
    if (!res.write(line)) await Promise.race([once(res, "drain"), once(res, "close")]);
  }
  res.end(isFirst && format === WRITERS.text ? "" : format.end);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

// A spreadsheet would run a text that begins like a formula.
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
