import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  appVariables,
  COMPOSE,
  composeFile,
  envOf,
  read,
  requiredVariables,
  ROOT,
  upstreamServers,
} from "./files.js";

const { services, networks, volumes = {} } = composeFile();
const INSTANCES = ["app-1", "app-2"];
const nginx = read("compose/nginx.conf");
const prometheus = parse(read("compose/prometheus.yml"));
const text = read("compose/compose.yaml");

test("each variable that compose.yaml reads is required or has a default", () => {
  const variables = [...text.matchAll(/\$(\{[^}]*\}|\w+)/g)].map(([, variable]) => variable);
  expect(variables.length).toBeGreaterThan(3);
  for (const variable of variables) expect(variable).toMatch(/^\{[A-Z_]+(:-|:\?).+\}$/);
});

test("secrets have no default, and no file of the example holds one", () => {
  for (const name of ["SESSIONS_SECRET", "DASHBOARD_PASSWORD"])
    expect(text).toMatch(new RegExp(`${name}: \\$\\{${name}:\\?`));
  expect(read("compose/.gitignore")).toMatch(/^\.env$/m);
  expect(read("compose/Dockerfile.dockerignore")).toMatch(/^\*\*\/\.env$/m);
});

test("images are pinned by a version", () => {
  const images = Object.values(services).map(({ image }) => image);
  expect(images).not.toContain(undefined);
  for (const image of images) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+/);
  const bases = [...read("compose/Dockerfile").matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(bases).toEqual(["node:22-slim", "node:22-slim"]);
});

test("the instances are one image with the same variables, and differ in their names only", () => {
  const [one, two] = INSTANCES.map((name) => envOf(services[name]!));
  expect({ ...one, INSTANCE: "" }).toEqual({ ...two, INSTANCE: "" });
  expect([one?.["INSTANCE"], two?.["INSTANCE"]]).toEqual(INSTANCES);
  expect(services["app-1"]?.image).toBe(services["app-2"]?.image);
});

test("the app reads the variables that it is given, and is given those that it needs", () => {
  const given = Object.keys(envOf(services["app-1"]!));
  expect(given.filter((name) => !appVariables().includes(name))).toEqual([]);
  expect(requiredVariables().filter((name) => !given.includes(name))).toEqual([]);
});

test("nginx's upstreams are the instances, at the ports that they listen on", () => {
  const { PORT, OPERATORS_PORT } = envOf(services["app-1"]!);
  expect(upstreamServers(nginx)).toEqual({
    site: INSTANCES.map((name) => `${name}:${PORT}`),
    operators: INSTANCES.map((name) => `${name}:${OPERATORS_PORT}`),
  });
});

test("Prometheus scrapes each instance itself, and not nginx", () => {
  const { OPERATORS_PORT } = envOf(services["app-1"]!);
  expect(prometheus.scrape_configs).toHaveLength(1);
  expect(prometheus.scrape_configs[0].static_configs).toEqual([
    { targets: INSTANCES.map((name) => `${name}:${OPERATORS_PORT}`) },
  ]);
});

test("the app trusts the address of nginx and no other", () => {
  const address = services["nginx"]?.networks["site"]?.ipv4_address;
  expect(address).toMatch(/^[\d.]+$/);
  expect(envOf(services["app-1"]!)["TRUST_PROXY"]).toBe(address);
});

test("every address that is given is in the network, outside the range of the others", () => {
  const [{ subnet, ip_range }] = networks["site"]!.ipam!.config as [{ subnet: string; ip_range: string }];
  expect([subnet, ip_range]).toEqual(["172.28.0.0/24", "172.28.0.128/25"]);
  const addresses = Object.values(services).flatMap((service) => {
    const address = service.networks["site"]?.ipv4_address;
    return address === undefined ? [] : [address];
  });
  expect(new Set(addresses).size).toBe(3);
  for (const address of addresses) expect(address).toMatch(/^172\.28\.0\.([2-9]|\d\d|1[01]\d|12[0-7])$/);
});

test("visitors reach nginx only; the operators' ports are published on the loopback address", () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => [name, port]),
  );
  expect(published).toEqual([
    ["nginx", "${SITE_PORT:-8080}:80"],
    ["nginx", "127.0.0.1:${OPERATORS_PORT:-8081}:8081"],
    ["prometheus", "127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
  ]);
  const listening = [...nginx.matchAll(/^ +listen (\d+)/gm)].map(([, port]) => port);
  expect(listening).toEqual(["80", "8081"]);
});

test("Redis is reached by the instances only, is not published, and evicts and forgets nothing", () => {
  const { redis } = services;
  expect(Object.keys(redis!.networks)).toEqual(["data"]);
  expect(networks["data"]?.internal).toBe(true);
  expect(envOf(services["app-1"]!)["REDIS_URL"]).toBe("redis://redis:6379");
  const members = Object.keys(services).filter((name) => "data" in services[name]!.networks);
  expect(members).toEqual([...INSTANCES, "redis"]);
  const command = redis!.command!.join(" ");
  for (const part of ["--appendonly yes", "--maxmemory-policy noeviction", "--maxmemory 256mb"])
    expect(command).toContain(part);
});

test("a service starts when those that it needs are healthy", () => {
  expect(services["nginx"]!.depends_on).toEqual({
    "app-1": { condition: "service_healthy" },
    "app-2": { condition: "service_healthy" },
  });
  for (const name of INSTANCES)
    expect(services[name]!.depends_on).toEqual({ redis: { condition: "service_healthy" } });
  for (const name of [...INSTANCES, "nginx", "redis"]) expect(services[name]!.healthcheck).toBeDefined();
  for (const name of INSTANCES)
    expect(services[name]!.healthcheck!.test.join(" ")).toContain(
      `http://127.0.0.1:${envOf(services[name]!)["OPERATORS_PORT"]}/healthz`,
    );
});

test("every file that is mounted exists, and every volume is declared", () => {
  const mounts = Object.values(services).flatMap(({ volumes: mounted = [] }) => mounted);
  expect(mounts.length).toBe(5);
  for (const mount of mounts) {
    const [source = ""] = mount.split(":");
    if (source.startsWith(".")) {
      expect([source, existsSync(join(COMPOSE, source))]).toEqual([source, true]);
      expect(mount).toMatch(/:ro$/);
    } else expect(volumes).toHaveProperty([source]);
  }
});

test("the image runs as an ordinary user, from files that exist and that the build context contains", () => {
  const dockerfile = read("compose/Dockerfile");
  expect(dockerfile).toMatch(/^USER node$/m);
  const context = join(COMPOSE, services["app-1"]!.build!.context);
  expect(existsSync(join(context, services["app-1"]!.build!.dockerfile))).toBe(true);
  expect(context).toBe(ROOT);
  const kept = read("compose/Dockerfile.dockerignore")
    .match(/^![^\n]+/gm)!
    .map((line) => line.slice(1));
  for (const path of kept) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  // Of what is kept, only what the build makes is left out.
  const leftOut = read("compose/Dockerfile.dockerignore").match(/^[^!#\n][^\n]*/gm);
  expect(leftOut).toEqual([
    "*",
    "**/.env",
    "src/antibot/browser-scripts.generated.ts",
    "src/dashboard/static",
  ]);
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = ""]) =>
    list.split(" ").filter((path) => path !== "."),
  );
  for (const path of copied) {
    expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    expect(kept.some((entry) => path === entry || path.startsWith(`${entry}/`))).toBe(true);
  }
});

test("npm ci finds its lock file in step with the app's package.json and with this package", () => {
  const manifest = JSON.parse(read("compose/package.json"));
  const { packages } = JSON.parse(read("compose/package-lock.json"));
  const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(packages[""].dependencies).toEqual(manifest.dependencies);
  const locked = packages["node_modules/express-bunker"];
  expect(locked).toMatchObject({ version: own.version, dependencies: own.dependencies });
  // The tarball is built with the image, so that the lock file cannot know its hash.
  expect(locked.integrity).toBeUndefined();
});
