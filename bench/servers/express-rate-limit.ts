import { rateLimit } from "express-rate-limit";
import { listen } from "./listen.js";

// No client reaches this limit: only the counting is measured.
listen((app) => void app.use(rateLimit({ windowMs: 60_000, limit: 1e9 })));
