import type { Cluster } from "node:cluster";

/** Whether this process is a worker of node:cluster. Only a process with a channel to its parent can be one. */
export function isClusterWorker(): boolean {
  // Loading the module takes longer than the rest of `bunker({})`.
  return (
    typeof process.send === "function" &&
    (process.getBuiltinModule("node:cluster") as unknown as Cluster).isWorker
  );
}
