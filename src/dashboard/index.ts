export { basicAuth, type BasicAuthOptions } from "./basic-auth.js";
export { dashboard, type Dashboard } from "./dashboard.js";
export type { Authorize, DashboardOptions } from "./options.js";
