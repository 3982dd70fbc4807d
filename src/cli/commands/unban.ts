import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { TARGET_NOTES, TARGET_OPTIONS, withTarget } from "../find-target.js";
import { requireAddressOrRange, serviceOption } from "../operands.js";
import { printable } from "../../printable.js";

export const unbanCommand: Command = {
  name: "unban",
  takes: "<address>",
  operands: [1, 1],
  summary: "lifts the bans of an address or range",
  options: [
    { name: "service", value: "NAME", help: "only the ban at this service (default: all of them)" },
    JSON_OPTION,
    ...TARGET_OPTIONS,
  ],
  notes: [
    "The address's counters and cached verdicts are removed too, so that its next request does not ban it again. The exit code is 1 when there was no ban.",
    ...TARGET_NOTES,
  ],
  examples: ["unban 192.0.2.7", "unban 192.0.2.7 --service www.example.com"],
  async run(args, terminal) {
    const ip = requireAddressOrRange(args);
    const service = serviceOption(args);
    const { removed } = await withTarget(args, (target) => target.ask({ command: "unban", ip, service }));
    const where = service === undefined ? "" : ` at ${service}`;
    if (args.has("json")) terminal.printJson({ ip, service, removed });
    else terminal.print(printable(`${ip} ${removed ? "is no longer" : "was not"} banned${where}.`));
    return removed ? EXIT.ok : EXIT.problem;
  },
};
