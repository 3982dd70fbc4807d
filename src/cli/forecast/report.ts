import { printPairs, printTable, type Cell } from "../table.js";
import { printable } from "../../printable.js";
import type { Terminal } from "../terminal.js";
import { shownLength, shownTime } from "../time.js";
import type { ForecastBan, Replay } from "./replay.js";

export interface ForecastResult {
  readonly replay: Replay;
  readonly path: string;
  readonly lines: number;
  /** Lines that could not be read. */
  readonly strange: number;
}

/** Bans that JSON lists at most. */
const MAX_LISTED = 10_000;

export function showForecast(terminal: Terminal, result: ForecastResult, limit: number): void {
  const { replay, lines, strange } = result;
  const { bans, span } = replay;
  const real = clientsOf(bans.filter(({ visitor }) => visitor.looksReal));
  const pairs: [string, Cell][] = [
    ["Log", `${lines} lines${strange > 0 ? `, ${strange} of them not understood` : ""}`],
    ["Time", span === undefined ? "" : `${shownTime(span.from)} to ${shownTime(span.to)}`],
    ["Clients", String(replay.clientCount)],
    ["Bans", `${replay.banCount}, of ${clientsOf(bans)} clients`],
    ["Refused", `${replay.refused} of ${replay.requests} requests`],
    ["Look real", { text: `${real} of the banned clients`, style: real > 0 ? "red" : "green" }],
  ];
  if (replay.allowed > 0) pairs.push(["Allowed", `${replay.allowed} requests of addresses on allow`]);
  if (replay.unknownHosts > 0)
    pairs.push(["Unknown host", `${replay.unknownHosts} requests, which would be refused as such`]);
  if (replay.outOfOrder > 0)
    pairs.push([
      "Left out",
      { text: `${replay.outOfOrder} lines: over a minute older than the one before`, style: "yellow" },
    ]);
  printPairs(terminal, pairs);
  for (const warning of replay.warnings)
    terminal.note(`${terminal.styled("yellow", "note")}: ${printable(warning)}`);
  if (bans.length === 0) {
    terminal.print("\nNobody would have been banned.");
    return;
  }
  // Mistakes first: they are what a forecast is for.
  const shown = [...bans].sort((a, b) => Number(b.visitor.looksReal) - Number(a.visitor.looksReal));
  terminal.print();
  printTable(
    terminal,
    ["WHEN", "ADDRESS", "SERVICE", "FOR", "COUNTED", "REFUSED", "LOOKS", "WHY"],
    shown
      .slice(0, limit)
      .map((ban) => [
        shownTime(ban.time),
        ban.ip,
        ban.scope === "global" ? "(all)" : ban.service,
        ban.expires === null ? "good" : shownLength((ban.expires.getTime() - ban.time.getTime()) / 1000),
        countedText(ban.counted),
        String(ban.refused),
        ban.visitor.looksReal ? { text: "REAL", style: "red" } : "automatic",
        `${ban.visitor.traits}; ${pathsText(ban)}`,
      ]),
  );
  if (bans.length > limit)
    terminal.note(`${bans.length - limit} more are not shown (--limit ${bans.length}).`);
}

export function forecastJson({ replay, path, lines, strange }: ForecastResult): unknown {
  const { bans } = replay;
  return {
    log: { path, lines, notUnderstood: strange, ...replay.span },
    clients: replay.clientCount,
    requests: replay.requests,
    refused: replay.refused,
    allowed: replay.allowed,
    unknownHosts: replay.unknownHosts,
    outOfOrder: replay.outOfOrder,
    banCount: replay.banCount,
    bannedClients: clientsOf(bans),
    looksReal: clientsOf(bans.filter(({ visitor }) => visitor.looksReal)),
    bans: bans.slice(0, MAX_LISTED).map((ban) => ({
      time: ban.time,
      ip: ban.ip,
      service: ban.service,
      scope: ban.scope,
      expires: ban.expires,
      refused: ban.refused,
      looksReal: ban.visitor.looksReal,
      traits: ban.visitor.traits,
      counted: ban.counted,
      evidence: ban.evidence.map(({ date, method, path: asked, status }) => ({
        date,
        method,
        path: asked,
        status,
      })),
    })),
    warnings: [...replay.warnings],
  };
}

function clientsOf(bans: readonly ForecastBan[]): number {
  return new Set(bans.map(({ ip }) => ip)).size;
}

function countedText(counted: ForecastBan["counted"]): string {
  return Object.entries(counted)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([status, count]) => `${count}x${status}`)
    .join(" ");
}

function pathsText({ evidence, paths }: ForecastBan): string {
  const shown = [...new Set(evidence.map(({ path }) => path))].slice(0, 2);
  return `${shown.join(" ")}${paths > shown.length ? ` and ${paths - shown.length} more` : ""}`;
}
