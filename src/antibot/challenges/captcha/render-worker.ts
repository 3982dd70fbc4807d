import { parentPort } from "node:worker_threads";
import { render, type Order } from "./render.js";

parentPort?.on("message", ({ number, order }: { number: number; order: Order }) => {
  parentPort?.postMessage({ number, bytes: render(order) });
});
