import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { printTable } from "../table.js";
import { findTarget, TARGET_NOTES, TARGET_OPTIONS } from "../target.js";
import { shownLength, shownTime } from "../time.js";

/** Lists bans. */
export const bansCommand: Command = {
  name: "bans",
  takes: "",
  operands: [0, 0],
  summary: "lists who is banned, newest first",
  options: [
    JSON_OPTION,
    { name: "limit", value: "N", help: "lists this many at most (default: 1000)" },
    ...TARGET_OPTIONS,
  ],
  notes: TARGET_NOTES,
  examples: ["bans", "bans --json --redis redis://127.0.0.1:6379"],
  async run(given, terminal) {
    const limit = given.integer("limit", 1000, 1, 100_000);
    const target = await findTarget(given, "bans");
    try {
      const { bans, total } = await target.ask({ command: "bans", limit });
      if (given.has("json")) {
        terminal.printJson({ bans, total });
        return EXIT.ok;
      }
      if (total === 0) {
        terminal.print("Nobody is banned.");
        return EXIT.ok;
      }
      const now = Date.now();
      printTable(
        terminal,
        ["ADDRESS", "WHERE", "REASON", "SINCE", "LEFT"],
        bans.map(({ ip, scope, service, reason, date, expires, action }) => [
          ip,
          scope === "global" ? "everywhere" : service,
          action === "challenge" ? `${reason} (challenge)` : reason,
          shownTime(date),
          expires === null ? "for good" : shownLength((Date.parse(expires) - now) / 1000),
        ]),
      );
      if (total > bans.length)
        terminal.tell(`${total - bans.length} more are not listed (--limit ${total} lists all).`);
      return EXIT.ok;
    } finally {
      await target.close();
    }
  },
};
