import { listen } from "./listen.js";

listen(() => {
  // Express itself and nothing else; its clients ask for one answer a connection.
});
