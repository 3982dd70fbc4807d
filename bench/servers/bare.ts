import { listen } from "./listen.js";

listen(() => {
  // Express itself and nothing else.
});
