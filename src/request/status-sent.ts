import { OutgoingMessage, type ServerResponse } from "node:http";
import { Http2ServerResponse } from "node:http2";

type Getter = (this: unknown) => boolean;

const [ofHttp1, ofHttp2] = [OutgoingMessage, Http2ServerResponse].map(
  ({ prototype }) =>
    (Object.getOwnPropertyDescriptor(prototype, "headersSent") as { readonly get: Getter }).get,
) as [Getter, Getter];

/**
 * Whether the status line of a response was sent, as Node knows it: host frameworks redefine `headersSent` of their responses
 * (`@fastify/express`: whether Express itself has responded).
 */
export function statusSent(res: ServerResponse): boolean {
  if (res instanceof OutgoingMessage) return ofHttp1.call(res);
  return (res as unknown) instanceof Http2ServerResponse
    ? ofHttp2.call(res)
    : (res as ServerResponse).headersSent;
}
