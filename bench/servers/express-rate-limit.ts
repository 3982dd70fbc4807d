import { rateLimit } from "express-rate-limit";
import { listen } from "./listen.js";

// A limit that nobody reaches: what is measured is the counting.
listen((app) => void app.use(rateLimit({ windowMs: 60_000, limit: 1e9 })));
