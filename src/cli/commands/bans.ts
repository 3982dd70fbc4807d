import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { printTable } from "../table.js";
import { TARGET_NOTES, TARGET_OPTIONS, withTarget } from "../find-target.js";
import { shownLength, shownTime } from "../time.js";

export const bansCommand: Command = {
  name: "bans",
  takes: "",
  operands: [0, 0],
  summary: "lists the bans in force, newest first",
  options: [
    JSON_OPTION,
    { name: "limit", value: "N", help: "lists this many at most (default: 1000)" },
    ...TARGET_OPTIONS,
  ],
  notes: TARGET_NOTES,
  examples: ["bans", "bans --json --redis redis://127.0.0.1:6379"],
  async run(args, terminal) {
    const limit = args.integer("limit", 1000, 1, 100_000);
    const { bans, total } = await withTarget(args, (target) => target.ask({ command: "bans", limit }));
    if (args.has("json")) {
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
        expires === null ? "permanent" : shownLength((Date.parse(expires) - now) / 1000),
      ]),
    );
    if (total > bans.length)
      terminal.note(`${total - bans.length} more are not listed (--limit ${total} lists all).`);
    return EXIT.ok;
  },
};
