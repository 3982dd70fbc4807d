import { messageOf } from "../errors.js";
import { TimeoutError } from "../with-timeout.js";

/** What is wrong, by the words or the code of the error; and what to look at. The first that matches counts. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /WRONGPASS|invalid password|invalid username-password/,
    "Redis refuses the user or password",
    "check both in {url}",
  ],
  [/NOAUTH|Authentication required/, "Redis wants a password", "give it in {url}"],
  [/NOPERM/, "the Redis user lacks a right", "see docs/stores.md for the rights it needs"],
  [
    /READONLY/,
    "this Redis is a replica and takes no writes",
    "{url} must name the master, or use a Sentinel client",
  ],
  [/^OOM|maxmemory/, "Redis is out of memory", "raise its maxmemory"],
  [/MISCONF/, "Redis cannot save to its disk and takes no writes", "look at the disk of Redis"],
  [/^LOADING/, "Redis is still loading its data", "wait for it"],
  [/CERT_HAS_EXPIRED/, "the certificate of Redis has expired", "renew it"],
  [
    /ERR_TLS_CERT_ALTNAME|does not match certificate/,
    "the certificate of Redis is for another host name",
    "check the host in {url}",
  ],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO_(?:VERIFY|GET)|CERT_|unable to (?:verify|get)/,
    "the certificate of Redis is not trusted",
    "name its authority in NODE_EXTRA_CA_CERTS, or in the TLS settings of a client",
  ],
  [
    /EPROTO|wrong version number|packet length too long/,
    "Redis does not speak TLS there",
    "use redis:// in {url}, or the TLS port",
  ],
  [
    /Unknown RESP type|Protocol error, got/,
    "what listens there is not Redis",
    "check host and port in {url}",
  ],
  [/ECONNREFUSED/, "nothing listens at that address", "check host and port in {url}, and whether Redis runs"],
  [/ENOTFOUND|EAI_AGAIN/, "the host name is not known", "check the host in {url}"],
  [
    /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|Connection timeout|connect ETIMEDOUT/,
    "the host cannot be reached",
    "check host and port in {url}, firewalls, and whether Redis speaks TLS there",
  ],
  [
    /ECONNRESET|[Ss]ocket closed|Connection is closed/,
    "the connection was closed by the other end",
    "check the port in {url}, and rediss:// if Redis speaks TLS",
  ],
];

/** Matches the cause of a connection that never comes about. */
const UNREACHABLE = "EHOSTUNREACH";

/**
 * Returns why a call to Redis failed, in the words of the error that came first, and which setting to look at. Never contains a
 * password.
 *
 * @param byUrl whether the store connects by its option `url`; otherwise through a client of the app
 * @param connected whether there is a connection: without one, a call that got no reply says nothing of Redis's speed
 */
export function failureCause(error: unknown, byUrl: boolean, connected: boolean): string {
  const own = ownWords(error);
  const late = error instanceof TimeoutError;
  if (late && connected) return `${own}: check that Redis is not overloaded, and the option "timeout"`;
  const found = CAUSES.find(([pattern]) => pattern.test(late ? UNREACHABLE : own));
  if (found === undefined) return own;
  const [, what, advice] = found;
  return `${what}: ${own}; ${advice.replace("{url}", byUrl ? 'the option "url"' : 'the settings of "client"')}`;
}

// Node's error for a name with several addresses has no message, only a code and the errors of each.
function ownWords(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown };
  const first = Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : error;
  const message = messageOf(first).replace(/(rediss?:\/\/)[^@\s]*@/g, "$1");
  return typeof code !== "string" || message.includes(code) ? message : `${code} ${message}`.trim();
}
