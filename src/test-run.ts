/** Whether this is a test or CI run: then nothing that is on by default alone uses the network. */
export function isTestRun(): boolean {
  const { NODE_ENV, CI } = process.env;
  return NODE_ENV === "test" || (CI !== undefined && !["", "0", "false"].includes(CI.toLowerCase()));
}
