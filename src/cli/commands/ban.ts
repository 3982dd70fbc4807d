import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { TARGET_NOTES, TARGET_OPTIONS, withTarget } from "../find-target.js";
import { requireAddressOrRange, serviceOption } from "../operands.js";
import { shownTime } from "../time.js";
import { printable } from "../../printable.js";

export const banCommand: Command = {
  name: "ban",
  takes: "<address>",
  operands: [1, 1],
  summary: "bans an address or CIDR range",
  options: [
    { name: "ttl", value: "TIME", help: 'how long: seconds, 12h, 30d, or "forever" (default: 1d)' },
    { name: "reason", value: "TEXT", help: "why; shown in lists and logs (default: manual)" },
    { name: "service", value: "NAME", help: "at this service only (default: everywhere)" },
    { name: "force", help: "bans very wide ranges, this machine and trusted proxies too" },
    JSON_OPTION,
    ...TARGET_OPTIONS,
  ],
  notes: [
    "A single IPv6 address bans its /64; write /128 after it to ban just that address.",
    ...TARGET_NOTES,
  ],
  examples: ["ban 192.0.2.7 --ttl 12h --reason scraper", "ban 2001:db8::/48 --ttl forever"],
  async run(args, terminal) {
    const ip = requireAddressOrRange(args);
    const service = serviceOption(args);
    const reason = args.value("reason")?.slice(0, 1024);
    const force = args.has("force");
    const ttl = args.duration("ttl");
    const ban = await withTarget(args, (target) =>
      target.ask({ command: "ban", ip, ttl, reason, service, force }),
    );
    const where = service === undefined ? "everywhere" : `at ${service}`;
    const end = ban.expires === null ? "permanently" : `until ${shownTime(ban.expires)}`;
    if (args.has("json")) terminal.printJson(ban);
    else terminal.print(printable(`${ban.ip} is banned ${where} ${end}.`));
    return EXIT.ok;
  },
};
