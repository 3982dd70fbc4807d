import { listen } from "./listen.js";
import { mountStack, PARTS } from "./mount-stack.js";

// The hot path of all protections: bans, a list of a million addresses, a cached DNSBL verdict and a valid pass are checked for
// each request, and Bad Behavior checks the response.
listen((app) => mountStack(app, PARTS));
