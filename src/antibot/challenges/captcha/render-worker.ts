import { parentPort } from "node:worker_threads";
import { render, type RenderJob } from "./render.js";

parentPort?.on("message", ({ number, job }: { number: number; job: RenderJob }) => {
  parentPort?.postMessage({ number, bytes: render(job) });
});
