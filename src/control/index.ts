export { Controls, controlServer, type Control } from "./control-server.js";
export { ControlSocketError } from "./socket-file.js";
export type { AddressReport, InspectorOptions, ZoneReport } from "./address-inspector.js";
export type { ControlParts } from "./carry-out.js";
export type { ControlOptions } from "./options.js";
export type { ControlAnswer, ControlProblem, ControlRequest } from "./messages.js";
