import type { Command } from "./command.js";
import { banCommand } from "./commands/ban.js";
import { bansCommand } from "./commands/bans.js";
import { bunkernetServerCommand } from "./commands/bunkernet-server.js";
import { bunkernetCommand } from "./commands/bunkernet.js";
import { checkCommand } from "./commands/check.js";
import { demoCommand } from "./commands/demo.js";
import { errorCommand } from "./commands/error.js";
import { forecastCommand } from "./commands/forecast.js";
import { healthCommand } from "./commands/health.js";
import { modeCommand } from "./commands/mode.js";
import { settingsCommand } from "./commands/settings.js";
import { unbanCommand } from "./commands/unban.js";

export const COMMANDS: readonly Command[] = [
  bansCommand,
  banCommand,
  unbanCommand,
  checkCommand,
  modeCommand,
  healthCommand,
  settingsCommand,
  errorCommand,
  forecastCommand,
  bunkernetCommand,
  bunkernetServerCommand,
  demoCommand,
];
