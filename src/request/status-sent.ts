import { OutgoingMessage, type ServerResponse } from "node:http";
import type * as Http2 from "node:http2";

type Getter = (this: unknown) => boolean;

const ofHttp1 = getterOf(OutgoingMessage);
let http2: typeof Http2 | undefined;
let ofHttp2: Getter | undefined;

/**
 * Whether the status line of a response was sent, as Node knows it: host frameworks redefine `headersSent` of their responses
 * (`@fastify/express`: whether Express itself has responded).
 */
export function statusSent(res: ServerResponse): boolean {
  if (res instanceof OutgoingMessage) return ofHttp1.call(res);
  // Loaded here, because a server of HTTP/1 does not need it.
  http2 ??= process.getBuiltinModule("node:http2");
  const { Http2ServerResponse } = http2;
  if (!((res as unknown) instanceof Http2ServerResponse)) return (res as ServerResponse).headersSent;
  return (ofHttp2 ??= getterOf(Http2ServerResponse)).call(res);
}

function getterOf({ prototype }: { readonly prototype: object }): Getter {
  return (Object.getOwnPropertyDescriptor(prototype, "headersSent") as { readonly get: Getter }).get;
}
