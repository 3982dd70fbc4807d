export { badBehavior, type BadBehavior } from "./bad-behavior.js";
export type { BadBehaviorOptions, Weight } from "./options.js";
export type { Evidence } from "./evidence.js";
