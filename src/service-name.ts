/** The service of a middleware without a configured service. */
export const DEFAULT_SERVICE = "default";

/** What events and bans call the service of a request whose Host is not configured. */
export const UNKNOWN_SERVICE = "unknown";

/** What a service may be called. */
export const SERVICE_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
