import { parseAllDocuments } from "yaml";
import { appVariables, read, requiredVariables } from "./files.js";

type Texts = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly tcpSocket?: { readonly port: string };
}

interface Container {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly securityContext: unknown;
}

/** The parts of a manifest's `spec` that the tests look at, by kind. */
interface Specs {
  readonly Deployment: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Texts };
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } };
    readonly template: {
      readonly metadata: { readonly labels: Texts; readonly annotations: Texts };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: unknown;
        readonly containers: readonly [Container];
      };
    };
  };
  readonly Service: {
    readonly selector: Texts;
    readonly ports: readonly { readonly name: string; readonly targetPort: string }[];
  };
  readonly Ingress: {
    readonly rules: readonly {
      readonly http: { readonly paths: readonly { readonly backend: { readonly service: unknown } }[] };
    }[];
  };
  readonly PodDisruptionBudget: {
    readonly minAvailable: number;
    readonly selector: { readonly matchLabels: Texts };
  };
  readonly NetworkPolicy: {
    readonly podSelector: { readonly matchLabels: Texts };
    readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
  };
  readonly ServiceMonitor: {
    readonly selector: { readonly matchLabels: Texts };
    readonly endpoints: readonly [{ readonly port: string; readonly path: string }];
  };
}

interface Manifest<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Texts };
  readonly spec: Spec;
}

const text = read("kubernetes/express-bunker.yaml");
const app = read("compose/app.mjs");
const documents = parseAllDocuments(text);
const manifests = documents.map((document) => document.toJS() as Manifest<unknown>);

/** Returns the only manifest of a kind, or the one of that name. */
function manifest<Kind extends keyof Specs>(kind: Kind, name?: string): Manifest<Specs[Kind]> {
  const found = manifests.filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  );
  expect([kind, name, found.length]).toEqual([kind, name, 1]);
  return found[0] as Manifest<Specs[Kind]>;
}

const deployment = manifest("Deployment").spec;
const { labels, annotations } = deployment.template.metadata;
const pod = deployment.template.spec;
const [container] = pod.containers;
const { startupProbe, readinessProbe, livenessProbe } = container;
const site = manifest("Service", "site");
const operators = manifest("Service", "site-operators");
const budget = manifest("PodDisruptionBudget").spec;
const policy = manifest("NetworkPolicy").spec;
const monitor = manifest("ServiceMonitor").spec;

test("the file parses, and each manifest has what Kubernetes asks for", () => {
  for (const { errors, warnings } of documents) expect([errors, warnings]).toEqual([[], []]);
  for (const one of manifests)
    expect(one).toMatchObject({
      apiVersion: expect.any(String),
      kind: expect.any(String),
      metadata: { name: expect.any(String) },
      spec: expect.any(Object),
    });
});

test("the Deployment, both Services, the budget and the policy select its pods", () => {
  expect(deployment.selector.matchLabels).toEqual(labels);
  expect(site.spec.selector).toEqual(labels);
  expect(operators.spec.selector).toEqual(labels);
  expect(budget.selector.matchLabels).toEqual(labels);
  expect(policy.podSelector.matchLabels).toEqual(labels);
});

test("ports are referred to by names that exist, and are those that the app is told", () => {
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  expect(container.ports).toEqual([
    { name: "http", containerPort: Number(env["PORT"]) },
    { name: "operators", containerPort: Number(env["OPERATORS_PORT"]) },
  ]);
  const references = [
    ...[site, operators].flatMap(({ spec }) => spec.ports.map(({ targetPort }) => targetPort)),
    ...policy.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)),
    ...[startupProbe, readinessProbe, livenessProbe].map(
      ({ httpGet, tcpSocket }) => (httpGet ?? tcpSocket)?.port,
    ),
  ];
  expect([...new Set(references)].sort()).toEqual(["http", "operators"]);
});

test("the probes of healthz are answered by the app, and no restart depends on it", () => {
  for (const { httpGet } of [startupProbe, readinessProbe]) {
    expect(httpGet?.port).toBe("operators");
    expect(app).toContain(`operators.get("${httpGet?.path}", healthz(guard))`);
  }
  expect(livenessProbe).toMatchObject({ tcpSocket: { port: "operators" } });
  expect(livenessProbe.httpGet).toBeUndefined();
});

test("Prometheus finds the metrics page, by annotations or by the ServiceMonitor", () => {
  const [endpoint] = monitor.endpoints;
  expect(monitor.selector.matchLabels).toEqual(operators.metadata.labels);
  expect(operators.spec.ports.map(({ name }) => name)).toContain(endpoint.port);
  expect(endpoint.path).toBe(annotations["prometheus.io/path"]);
  expect(annotations["prometheus.io/port"]).toBe(String(container.ports[1]?.containerPort));
  expect(app).toContain(`operators.get("${endpoint.path}", metrics(guard))`);
});

test("the app reads the variables that it is given, and is given those that it needs", () => {
  const given = container.env.map(({ name }) => name);
  expect(given.filter((name) => !appVariables().includes(name))).toEqual([]);
  expect(requiredVariables().filter((name) => !given.includes(name))).toEqual([]);
});

test("secrets come from the Secret whose making the file shows, key by key", () => {
  const [command = ""] = /kubectl create secret generic[^]*?\napi/.exec(text) ?? [];
  const [, name] = /generic (\S+)/.exec(command) ?? [];
  const keys = [...command.matchAll(/--from-literal=([\w-]+)=/g)].map(([, key]) => key);
  const references = container.env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
  expect(keys.length).toBeGreaterThan(1);
  expect(references).toEqual(keys.map((key) => ({ name, key })));
  expect(manifests.map(({ kind }) => kind)).not.toContain("Secret");
});

test("the Ingress leads to the visitors' port only", () => {
  const backends = manifest("Ingress").spec.rules.flatMap(({ http }) =>
    http.paths.map(({ backend }) => backend.service),
  );
  expect(backends).toEqual([{ name: "site", port: { name: "http" } }]);
  expect(site.spec.ports.map(({ name }) => name)).toEqual(["http"]);
});

test("a pod ends in its own time, and an instance is always there", () => {
  const [program, seconds] = container.lifecycle.preStop.exec.command;
  expect(program).toBe("sleep");
  // In examples/compose/app.mjs open requests get 5 s, and guard.close() takes a second at most.
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 5 + 1);
  expect(deployment.replicas).toBeGreaterThan(budget.minAvailable);
  expect(deployment.strategy.rollingUpdate.maxUnavailable).toBe(0);
});

test("the pod runs as an ordinary user without privileges, from an image with a version", () => {
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(container.image).toMatch(/:\d+\.\d+\.\d+$/);
});
