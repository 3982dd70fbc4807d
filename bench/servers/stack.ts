import { listen } from "./listen.js";
import { mountStack, type Part, type Watcher } from "./mount-stack.js";

// Bans and the protections that are named as arguments.
listen((app) => mountStack(app, process.argv.slice(2) as (Part | Watcher)[]));
