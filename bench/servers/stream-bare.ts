import { listen } from "./listen.js";

listen(() => {
  // Nothing is mounted: this server is bare Express. Its clients send one request per connection.
});
