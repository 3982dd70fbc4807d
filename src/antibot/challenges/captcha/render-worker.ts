import { parentPort } from "node:worker_threads";
import { render, type RenderJob } from "./render.js";

parentPort?.on("message", ({ number, order }: { number: number; order: RenderJob }) => {
  parentPort?.postMessage({ number, bytes: render(order) });
});
