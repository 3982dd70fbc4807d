import { listen } from "./listen.js";

listen(() => {
  // Nothing is mounted: this server is bare Express.
});
