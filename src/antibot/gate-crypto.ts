import { randomBytes } from "node:crypto";
import type { Awaitable } from "../awaitable.js";
import { isThenable } from "../awaitable.js";
import type { GuardedStore } from "../store/guarded-store.js";
import { GateCookies } from "./gate-cookies.js";
import { KeyRing } from "./keys.js";
import type { AntibotResolved } from "./options.js";
import { PassSigner } from "./passes/pass-signer.js";

/** What a gate derives from its secret: keys, cookies and signatures. Readable once {@link ready} has returned or resolved. */
export class GateCrypto {
  keys!: KeyRing;
  cookies!: GateCookies;
  signer!: PassSigner;
  private hasSecret = false;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly store: GuardedStore,
    private readonly options: AntibotResolved,
  ) {}

  /**
   * Returns `undefined` when the keys are there, otherwise waits for the secret in the store. Rejects while the store cannot
   * be reached; the next call tries again.
   */
  ready(): Promise<void> | undefined {
    if (this.hasSecret) return undefined;
    if (this.loading !== undefined) return this.loading;
    const { secret } = this.options.sessions;
    const secrets = secret.length > 0 ? secret : generatedSecret(this.store);
    if (!isThenable(secrets)) {
      this.use(secrets);
      return undefined;
    }
    this.loading = secrets
      .then((late) => {
        this.use(late);
      })
      .finally(() => (this.loading = undefined));
    return this.loading;
  }

  private use(secrets: readonly string[]): void {
    this.keys = new KeyRing(secrets);
    this.cookies = new GateCookies(this.keys, this.options.sessions);
    this.signer = new PassSigner(this.keys, this.options);
    this.hasSecret = true;
  }
}

// Generated once per installation and kept in the store, so that all instances on a shared store have the same.
function generatedSecret(store: GuardedStore): Awaitable<readonly string[]> {
  const key = "state:secret|antibot";
  const fresh = randomBytes(32).toString("base64url");
  const read = (added: boolean): Awaitable<readonly string[]> => {
    if (added) return [fresh];
    const kept = store.get(key);
    return isThenable(kept) ? kept.then((text) => [text ?? fresh]) : [kept ?? fresh];
  };
  const added = store.add(key, fresh, 0);
  return isThenable(added) ? added.then(read) : read(added);
}
