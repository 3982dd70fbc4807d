import type { GuardedStore } from "../store/guarded-store.js";
import type { Api } from "./api.js";
import { BackOff } from "./back-off.js";
import type { StateFiles } from "./state-files.js";

/** How long one instance has to register, in seconds, before another may try. */
const LOCK_TTL = 60;
/** How long an id is refused, in ms, and how often, before a new one is asked for. */
const PATIENCE_MS = 6 * 3_600_000;
const MIN_REFUSALS = 3;

/** What a registration tells of. */
export interface RegistrationListener {
  failed(problem: string): void;
  registered(anew: boolean): void;
}

/**
 * This instance's id at BunkerNet: asked for once, kept in the store and in a file, shared by all instances on the store.
 * An id that is refused for hours on end is given up for a new one.
 */
export class Registration {
  private currentId: string | undefined;
  private asking: Promise<string | undefined> | undefined;
  private refusals: { readonly id: string; readonly since: number; count: number } | undefined;
  private anew = false;
  private readonly backOff: BackOff;

  constructor(
    private readonly api: Api,
    private readonly store: GuardedStore,
    private readonly key: string,
    private readonly files: StateFiles | undefined,
    private readonly now: () => number,
    private readonly listener: RegistrationListener,
  ) {
    this.backOff = new BackOff(now);
  }

  /** The id, as far as it is known here. */
  get id(): string | undefined {
    return this.currentId;
  }

  /** The id; registers if there is none yet. `undefined` = not now. `insist`: whatever failed a moment ago. Never rejects. */
  get(insist = false): Promise<string | undefined> {
    if (this.currentId !== undefined) return Promise.resolve(this.currentId);
    return (this.asking ??= this.find(insist).finally(() => (this.asking = undefined)));
  }

  /** The API took the id. */
  accepted(): void {
    this.refusals = undefined;
  }

  /** The API answered 401 or 403 to the id. */
  async refused(id: string): Promise<void> {
    if (id !== this.currentId) return;
    const now = this.now();
    // A clock that was put back begins the wait anew.
    if (this.refusals?.id !== id || now < this.refusals.since) this.refusals = { id, since: now, count: 0 };
    this.refusals.count++;
    if (this.refusals.count < MIN_REFUSALS || now - this.refusals.since < PATIENCE_MS) return;
    this.refusals = undefined;
    this.currentId = undefined;
    this.anew = true;
    const kept = await this.fromStore();
    // Another instance may have a new one already.
    if (kept !== undefined && kept !== id) {
      this.currentId = kept;
      return;
    }
    await this.quietly(() => this.store.delete(`${this.key}id`));
    await this.files?.remove("instance.json").catch(() => undefined);
  }

  private async find(insist: boolean): Promise<string | undefined> {
    const kept = await this.fromStore();
    if (kept !== undefined) return (this.currentId = kept);
    const filed = this.files === undefined ? undefined : idIn(await this.files.readJson("instance.json"));
    if (filed !== undefined) {
      await this.quietly(() => this.store.add(`${this.key}id`, filed, 0));
      return (this.currentId = (await this.fromStore()) ?? filed);
    }
    if (!insist && !this.backOff.isOver) return undefined;
    // Without the store there is no telling who else is registering.
    if ((await this.quietly(() => this.store.add(`${this.key}registering`, "1", LOCK_TTL))) !== true)
      return undefined;
    try {
      const late = await this.fromStore();
      return (this.currentId = late ?? (await this.ask()));
    } finally {
      await this.quietly(() => this.store.delete(`${this.key}registering`));
    }
  }

  private async ask(): Promise<string | undefined> {
    const outcome = await this.api.register();
    if (outcome.kind !== "ok") {
      this.backOff.failed(outcome.kind === "busy" ? outcome.retryAfter : 0);
      this.listener.failed(outcome.problem);
      return undefined;
    }
    this.backOff.succeeded();
    const id = outcome.value;
    await this.quietly(() => this.store.set(`${this.key}id`, id));
    await this.files
      ?.writeJson("instance.json", { id, registered: new Date(this.now()).toISOString() })
      .catch((error: unknown) => this.listener.failed(`the id could not be written: ${String(error)}`));
    this.listener.registered(this.anew);
    this.anew = false;
    return id;
  }

  private async fromStore(): Promise<string | undefined> {
    return this.quietly(() => this.store.get(`${this.key}id`));
  }

  private async quietly<T>(call: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch {
      return undefined;
    }
  }
}

function idIn(kept: unknown): string | undefined {
  const { id } = (kept ?? {}) as { id?: unknown };
  return typeof id === "string" && /^[!-~]{1,128}$/.test(id) ? id : undefined;
}
