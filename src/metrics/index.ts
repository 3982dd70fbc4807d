export { healthz } from "./healthz.js";
export { metrics, type OperatorHandler } from "./metrics.js";
export { openTelemetry, type OpenTelemetryOptions } from "./open-telemetry.js";
export { register, type MetricsRegistry } from "./register.js";
