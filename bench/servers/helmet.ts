import helmet from "helmet";
import { listen } from "./listen.js";

listen((app) => void app.use(helmet()));
