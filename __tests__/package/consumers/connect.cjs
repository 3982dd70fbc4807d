const { createServer } = require("node:http");
const connect = require("connect");
const { antibot } = require("express-bunker/antibot");
const { badBehavior } = require("express-bunker/bad-behavior");
const { MemoryStore } = require("express-bunker/store");

const shared = { store: new MemoryStore(), trustProxy: "loopback" };
const app = connect();
app.use(badBehavior({ ...shared, threshold: 3 }));
app.use(
  antibot({
    ...shared,
    sessions: { secret: "a-secret-of-a-consumer" },
    challenge: "cookie",
    ignoreUri: "^/api/",
  }),
);
app.use((req, res, next) => (req.url === "/" ? res.end("hello") : next()));
const server = createServer(app).listen(0, "127.0.0.1", () => console.log(server.address().port));
