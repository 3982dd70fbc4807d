import type { Context } from "../engine/context.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import { GateCookies } from "./gate-cookies.js";
import { KeyRing } from "./keys.js";
import type { AntibotResolved } from "./options.js";
import { PassSigner } from "./passes/pass-signer.js";
import { generatedSecret } from "./secrets.js";

/** Everything of a gate that needs its secret. */
export interface GateCrypto {
  readonly keys: KeyRing;
  readonly cookies: GateCookies;
  readonly passes: PassSigner;
}

/** The tools, at once where the secret was given or the store answers at once. Rejects while the store cannot be reached. */
export function gateCrypto(context: Context, options: AntibotResolved): Awaitable<GateCrypto> {
  const { secret } = options.sessions;
  if (secret.length > 0) return toolsFor(secret, options);
  const generated = generatedSecret(context.store);
  return isThenable(generated)
    ? generated.then((text) => toolsFor([text], options))
    : toolsFor([generated], options);
}

function toolsFor(secrets: readonly string[], options: AntibotResolved): GateCrypto {
  const keys = new KeyRing(secrets);
  return {
    keys,
    cookies: new GateCookies(keys, options.sessions),
    passes: new PassSigner(keys, { ...options.sessions, timeValid: options.timeValid, epoch: options.epoch }),
  };
}
