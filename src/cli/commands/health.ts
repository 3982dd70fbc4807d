import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { printTable } from "../table.js";
import { findTarget, TARGET_OPTIONS } from "../target.js";

/** Says how a running app's protections fare. */
export const healthCommand: Command = {
  name: "health",
  takes: "",
  operands: [0, 0],
  summary: "says how a running app's protections fare",
  options: [JSON_OPTION, ...TARGET_OPTIONS.filter(({ name }) => name === "control")],
  notes: [
    "The app is the one that --control names; else the one of EXPRESS_BUNKER_CONTROL, else of ./.express-bunker.sock. The exit code is 1 when something is wrong with it.",
  ],
  examples: ["health", "health --json --control /run/app/bunker.sock"],
  async run(given, terminal) {
    const target = await findTarget(given, "health");
    try {
      const health = await target.ask({ command: "health" });
      if (given.has("json")) terminal.printJson(health);
      else
        printTable(
          terminal,
          ["PROTECTION", "HEALTH", "PROBLEMS"],
          Object.entries(health.protections).map(([name, { ok, problems }]) => [
            name,
            ok ? { text: "good", style: "green" } : { text: "bad", style: "red" },
            problems.join("; "),
          ]),
        );
      return health.ok ? EXIT.ok : EXIT.problem;
    } finally {
      await target.close();
    }
  },
};
