import type { ServerResponse } from "node:http";
import type { RequestLike } from "./request-like.js";

/** A request of Express, which links it to its response. */
interface ExpressRequest extends RequestLike {
  readonly res?: ServerResponse | null;
}

/** The first V8 in which properties that are added to an object with a replaced prototype lead to a hidden class that is shared. */
const FIRST_FIXED_V8 = 13;

/**
 * Whether this V8 gives every request of Express a hidden class of its own. Express replaces the prototypes of request and
 * response and then adds properties; up to V8 12 (Node 22) each addition then makes a hidden class that no other object has, so
 * that no inline cache ever fits and each access to a property is looked up anew: more than half of what a request of bare
 * Express costs.
 */
const HAS_UNSHARED_SHAPES = Number(process.versions.v8.split(".", 1)[0]) < FIRST_FIXED_V8;

/**
 * Gives a request of Express and its response a shape that they share with all other requests: an object from which a property
 * was deleted becomes a hash table, and those have one hidden class. The two links between request and response are deleted and
 * set again; nothing else about the objects changes but the order of their keys. Requests that Express did not touch stay as
 * they are.
 */
export function shareShape(request: RequestLike): void {
  if (!HAS_UNSHARED_SHAPES) return;
  const { res } = request as ExpressRequest;
  if (res === undefined || res === null || !links(request, "res", res) || !links(res, "req", request)) return;
  relink(request, "res", res);
  relink(res, "req", request);
}

/** Whether `name` is a plain property of `from` itself that leads to `to`. */
function links(from: object, name: string, to: object): boolean {
  const own = Object.getOwnPropertyDescriptor(from, name);
  return own?.value === to && own.writable === true && own.enumerable === true && own.configurable === true;
}

function relink(from: object, name: string, to: object): void {
  const links = from as Record<string, object>;
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- deleting is the purpose
  delete links[name];
  links[name] = to;
}
