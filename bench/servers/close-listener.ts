import { listen } from "./listen.js";

// The least that a middleware needs to learn of the end of a response.
listen(
  (app) =>
    void app.use((_req, res, next) => {
      res.on("close", () => undefined);
      next();
    }),
);
