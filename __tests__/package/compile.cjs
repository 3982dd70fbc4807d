// Type-checks programs under several module settings, one after the other in one process, as most of the time of a compiler
// is spent before it is warm. Argument: JSON of { folder, files, modules }[]. Prints JSON: what tsc would print, by folder and module.
const { join } = require("node:path");
const ts = require("typescript");

/** @type {{ folder: string, files: string[], modules: string[] }[]} */
const jobs = JSON.parse(process.argv[2] ?? "[]");
/** @type {Record<string, Record<string, string>>} */
const printed = {};
for (const { folder, files, modules } of jobs) {
  /** @type {Record<string, string>} */
  const byModule = (printed[folder] = {});
  for (const module of modules) byModule[module] = check(folder, files, module);
}
process.stdout.write(JSON.stringify(printed));

/**
 * Does what `tsc FILES` prints in `folder`.
 * @param {string} folder
 * @param {string[]} files
 * @param {string} module
 */
function check(folder, files, module) {
  const line = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--types", "node"];
  const { options, errors } = ts.parseCommandLine([...line, "--module", module]);
  const host = ts.createCompilerHost(options);
  // Packages and types are looked for from here.
  host.getCurrentDirectory = () => folder;
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    options,
    host,
  );
  return ts.formatDiagnostics([...errors, ...ts.getPreEmitDiagnostics(program)], host);
}
