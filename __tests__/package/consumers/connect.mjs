import { createServer } from "node:http";
import connect from "connect";
import { bunker } from "express-bunker";

const app = connect();
app.use(
  bunker({
    bunkernet: false,
    trustProxy: "loopback",
    sessions: { secret: "a-secret-of-a-consumer" },
    antibot: { challenge: "cookie", ignoreUri: "^/api/" },
    badBehavior: { threshold: 3 },
  }),
);
app.use((req, res, next) => (req.url === "/" ? res.end("hello") : next()));
const server = createServer(app).listen(0, "127.0.0.1", () => console.log(server.address().port));
