import { listen } from "./listen.js";

listen((app) => void app.use((_req, _res, next) => next()));
