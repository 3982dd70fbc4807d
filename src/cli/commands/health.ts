import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { CONTROL_OPTION, withTarget } from "../find-target.js";
import { printTable } from "../table.js";

export const healthCommand: Command = {
  name: "health",
  takes: "",
  operands: [0, 0],
  summary: "shows the health of a running app's protections",
  options: [JSON_OPTION, CONTROL_OPTION],
  notes: [
    "The app is the one that --control names; else the one of EXPRESS_BUNKER_CONTROL, else of ./.express-bunker.sock. The exit code is 1 when something is wrong with it.",
  ],
  examples: ["health", "health --json --control /run/app/bunker.sock"],
  async run(args, terminal) {
    const health = await withTarget(args, (target) => target.ask({ command: "health" }), "app");
    if (args.has("json")) terminal.printJson(health);
    else {
      printTable(
        terminal,
        ["PROTECTION", "HEALTH", "PROBLEMS"],
        Object.entries(health.protections).map(([name, { ok, problems }]) => [
          name,
          ok ? { text: "good", style: "green" } : { text: "bad", style: "red" },
          problems.join("; "),
        ]),
      );
      if (health.mode === "detect") terminal.print("The mode is detect: nothing is refused.");
    }
    return health.ok ? EXIT.ok : EXIT.problem;
  },
};
