import type { Cluster } from "node:cluster";

/** Whether this process is a worker of node:cluster. A worker has a channel to its parent, or the number that it got. */
export function isClusterWorker(): boolean {
  // Loading the module takes longer than the rest of `bunker({})`.
  return (
    (typeof process.send === "function" || process.env["NODE_UNIQUE_ID"] !== undefined) &&
    (process.getBuiltinModule("node:cluster") as unknown as Cluster).isWorker
  );
}
