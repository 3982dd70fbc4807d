import type { ServerResponse } from "node:http";
import type { BanRow } from "./api.js";
import type { ApiCall } from "./api-call.js";
import { ApiError } from "./api-error.js";
import { PacedWriter } from "./paced-writer.js";
import { matchingBans } from "./reports/bans.js";
import type { Watched } from "./watched.js";

/** Exports at the same time, in this process. */
const MAX_EXPORTS = 4;

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

let underWay = 0;

/** Writes the bans that match as a file, as they are read: there may be a million. */
export async function exportBans(watched: Watched, call: ApiCall, res: ServerResponse): Promise<void> {
  const format = WRITERS[call.oneOf("format", FORMATS, "json")];
  const query = {
    search: call.text("search")?.trim() ?? "",
    reason: call.text("reason"),
    service: call.text("service"),
    isOver: call.isOver,
  };
  if (underWay >= MAX_EXPORTS) throw new ApiError(503, "busy", "too many exports are under way; try again");
  const head = {
    "Content-Type": format.type,
    "Content-Disposition": `attachment; filename="bans.${format.extension}"`,
    "Cache-Control": "no-store",
  };
  if (call.req.method === "HEAD") {
    res.writeHead(200, head).end();
    return;
  }
  underWay++;
  try {
    const rows = matchingBans(watched, query);
    const writer = new PacedWriter(res);
    let isFirst = true;
    for await (const batch of format === WRITERS.text ? eachAddressOnce(rows) : rows) {
      if (!res.headersSent) res.writeHead(200, head);
      if (batch.length === 0) continue;
      const lines = batch.map((ban) => format.line(ban)).join(format.between);
      if (!(await writer.write(`${isFirst ? format.start : format.between}${lines}`))) return;
      isFirst = false;
    }
    if (!res.headersSent) res.writeHead(200, head);
    const end = format === WRITERS.text && isFirst ? "" : format.end;
    res.end(`${isFirst ? format.start : ""}${end}`);
  } finally {
    underWay--;
  }
}

// Several services may ban the same address.
async function* eachAddressOnce(
  rows: AsyncIterable<readonly BanRow[]>,
): AsyncGenerator<readonly BanRow[], void, undefined> {
  const written = new Set<string>();
  for await (const batch of rows)
    yield batch.filter(({ address }) => !written.has(address) && written.add(address));
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

// A spreadsheet would run a text that begins like a formula.
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
