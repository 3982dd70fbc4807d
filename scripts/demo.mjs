// @ts-check
// `npm run demo` installs and builds what is missing, then serves the sample site of `npx express-bunker demo` in an Express
// app until Ctrl-C. PORT chooses another port (0 = a free one); `--built` skips the build of the library.
import { createRequire } from "node:module";
import { installPackages } from "./install.mjs";

if (!(await installPackages())) process.exit(1);

if (!process.argv.includes("--built")) {
  console.log("Building the library …");
  const { build } = await import("./build.mjs");
  if (!build()) process.exit(1);
}

// These modules may have been installed or built only above.
const { default: express } = await import("express");
const { runDemo } = createRequire(import.meta.url)("../dist/cli/demo/run-demo.js");
const port = Number(process.env["PORT"] ?? 3000);
try {
  await runDemo({
    port,
    control: ".express-bunker.sock",
    program: "node dist/cli/main.js",
    print: console.log,
    mount: (
      /** @type {import("express").RequestHandler} */ guard,
      /** @type {import("express").RequestHandler} */ site,
    ) => express().use(guard, site),
  });
} catch (error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  console.error(
    code === "EADDRINUSE"
      ? `Port ${port} is taken. Choose another one:  PORT=${port + 1} npm run demo`
      : `The demo cannot start: ${message}`,
  );
  process.exitCode = 1;
}
