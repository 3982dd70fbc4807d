import { bunker } from "express-bunker";
import { listen } from "./listen.js";

// Bans alone: the one check that every configuration makes.
listen((app) => void app.use(bunker({ logger: false, badBehavior: false, bunkernet: false })));
