import { defaultPath } from "../../control/options.js";
import type { Command } from "../command.js";
import { runDemo } from "../demo/run-demo.js";
import { EXIT } from "../exit-code.js";

export const demoCommand: Command = {
  name: "demo",
  takes: "",
  operands: [0, 0],
  summary: "runs a sample site to try everything on, until Ctrl-C",
  options: [
    { name: "port", value: "N", help: "the port; 0 = a free one (default: 3000)" },
    { name: "control", value: "PATH", help: "its control socket (default: ./.express-bunker.sock)" },
  ],
  notes: ["It listens on this machine only, keeps everything in memory and contacts no other machine."],
  examples: ["demo", "demo --port 8000"],
  async run(args, terminal) {
    await runDemo({
      port: args.integer("port", 3000, 0, 65_535),
      control: args.value("control") ?? defaultPath(args.env),
      program: "npx express-bunker",
      print: (text) => terminal.print(text),
    });
    return EXIT.ok;
  },
};
