const express = require("express");
const { bunker } = require("express-bunker");

const app = express();
app.set("trust proxy", "loopback");
app.use(
  bunker({
    bunkernet: false,
    sessions: { secret: "a-secret-of-a-consumer" },
    antibot: { challenge: "cookie", ignoreUri: "^/api/" },
    badBehavior: { threshold: 3 },
  }),
);
app.get("/", (req, res) => res.send("hello"));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
