import { bunker } from "express-bunker";
import { listen } from "./listen.js";

// Bans alone: what every request is asked, whatever else is on.
listen((app) => void app.use(bunker({ logger: false, badBehavior: false, bunkernet: false })));
