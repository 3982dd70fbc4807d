import { JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { findTarget, TARGET_NOTES, TARGET_OPTIONS } from "../target.js";
import { secondsIn, shownTime } from "../time.js";
import { requireAddressOrRange, requireService } from "../operands.js";

/** Bans an address or a range. */
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
  async run(given, terminal) {
    const ip = requireAddressOrRange(given.operands[0] as string, "ban");
    const service = requireService(given, "ban");
    const ttl = given.value("ttl");
    const seconds = ttl === undefined ? undefined : secondsIn(ttl, "--ttl", "ban");
    const target = await findTarget(given, "ban");
    try {
      const ban = await target.ask({
        command: "ban",
        ip,
        ttl: seconds,
        reason: given.value("reason")?.slice(0, 1024),
        service,
        force: given.has("force"),
      });
      if (given.has("json")) terminal.printJson(ban);
      else
        terminal.print(
          `${ban.ip} is banned ${service === undefined ? "everywhere" : `at ${service}`} ${
            ban.expires === null ? "for good" : `until ${shownTime(ban.expires)}`
          }.`,
        );
      return EXIT.ok;
    } finally {
      await target.close();
    }
  },
};
