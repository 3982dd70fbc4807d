import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { requireAddressOrRange, requireService } from "../operands.js";
import { findTarget, TARGET_NOTES, TARGET_OPTIONS } from "../target.js";

/** Lifts bans. */
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
    "Counters and remembered verdicts of the address go too, so that its next request does not ban it again. The exit code is 1 when there was no ban.",
    ...TARGET_NOTES,
  ],
  examples: ["unban 192.0.2.7", "unban 192.0.2.7 --service www.example.com"],
  async run(given, terminal) {
    const ip = requireAddressOrRange(given.operands[0] as string, "unban");
    const service = requireService(given, "unban");
    const target = await findTarget(given, "unban");
    try {
      const { removed } = await target.ask({ command: "unban", ip, service });
      const at = service === undefined ? "" : ` at ${service}`;
      if (given.has("json")) terminal.printJson({ ip, service, removed });
      else terminal.print(removed ? `${ip} is no longer banned${at}.` : `${ip} was not banned${at}.`);
      return removed ? EXIT.ok : EXIT.problem;
    } finally {
      await target.close();
    }
  },
};
