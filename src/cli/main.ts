#!/usr/bin/env node
import { COMMANDS } from "./commands.js";
import { runProgram } from "./program.js";
import { Terminal } from "./terminal.js";

// A reader such as `| head` may close the pipe at any time: that is not an error.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    process.exitCode = 1;
  });

void runProgram(
  COMMANDS,
  process.argv.slice(2),
  new Terminal(process.stdout, process.stderr, process.env),
  process.env,
).then((exitCode) => {
  process.exitCode = exitCode;
});
