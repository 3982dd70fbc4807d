import { BackOff } from "../back-off.js";
import type { Context } from "../engine/context.js";
import { SERVER_PAUSES, type Api } from "./api.js";
import type { StateFiles } from "./state-files.js";

/** How long one instance may take to register, in seconds, before another tries. */
const LOCK_TTL = 60;
/** How long (ms) and how often an id must be refused before a new one is requested. */
const PATIENCE_MS = 6 * 3_600_000;
const MIN_REFUSALS = 3;

/** The parts that a {@link Registration} uses. */
interface RegistrationParts {
  readonly api: Api;
  /** The prefix of its keys in the store. */
  readonly key: string;
  readonly files: StateFiles | undefined;
  readonly onFailed: (problem: string) => void;
  readonly onRegistered: (anew: boolean) => void;
}

/**
 * The instance id at BunkerNet: requested once, kept in the store and in a file, and shared by all instances on the store. An
 * id that is refused for hours is replaced by a new one.
 */
export class Registration {
  /** The id, if it is known in this process. */
  id: string | undefined;
  private asking: Promise<string | undefined> | undefined;
  private refusals: { readonly id: string; readonly since: number; count: number } | undefined;
  private anew = false;
  private readonly backOff: BackOff;

  constructor(
    private readonly context: Context,
    private readonly parts: RegistrationParts,
  ) {
    this.backOff = new BackOff(context.now, SERVER_PAUSES);
  }

  /** Returns the id; registers if there is none. `undefined` = not possible now. `insist` = ignore the back-off. Never rejects. */
  get(insist = false): Promise<string | undefined> {
    if (this.id !== undefined) return Promise.resolve(this.id);
    return (this.asking ??= this.find(insist).finally(() => (this.asking = undefined)));
  }

  /** The API accepted the id. */
  accepted(): void {
    this.refusals = undefined;
  }

  /** The API refused the id with 401 or 403. */
  async refused(id: string): Promise<void> {
    if (id !== this.id) return;
    const now = this.context.now();
    // A clock that was set back restarts the wait.
    if (this.refusals?.id !== id || now < this.refusals.since) this.refusals = { id, since: now, count: 0 };
    this.refusals.count++;
    if (this.refusals.count < MIN_REFUSALS || now - this.refusals.since < PATIENCE_MS) return;
    this.refusals = undefined;
    this.id = undefined;
    this.anew = true;
    const kept = await this.fromStore();
    // Another instance may have a new one already.
    if (kept !== id) this.id = kept;
    if (this.id !== undefined) return;
    await this.quietly(() => this.context.store.delete(`${this.parts.key}id`));
    await this.parts.files?.remove("instance.json").catch(() => undefined);
  }

  private async find(insist: boolean): Promise<string | undefined> {
    const kept = await this.fromStore();
    if (kept !== undefined) return (this.id = kept);
    const filed = idIn(await this.parts.files?.readJson("instance.json"));
    if (filed !== undefined) {
      await this.quietly(() => this.context.store.add(`${this.parts.key}id`, filed, 0));
      return (this.id = (await this.fromStore()) ?? filed);
    }
    if (!insist && !this.backOff.isOver) return undefined;
    // Without the store another instance might register too.
    const lock = `${this.parts.key}registering`;
    if ((await this.quietly(() => this.context.store.add(lock, "1", LOCK_TTL))) !== true) return undefined;
    try {
      return (this.id = (await this.fromStore()) ?? (await this.ask()));
    } finally {
      await this.quietly(() => this.context.store.delete(lock));
    }
  }

  private async ask(): Promise<string | undefined> {
    const outcome = await this.parts.api.register();
    if (outcome.kind !== "ok") {
      this.backOff.failed(outcome.kind === "busy" ? outcome.retryAfter : 0);
      this.parts.onFailed(outcome.problem);
      return undefined;
    }
    this.backOff.succeeded();
    const id = outcome.value;
    await this.quietly(() => this.context.store.set(`${this.parts.key}id`, id));
    await this.parts.files
      ?.writeJson("instance.json", { id, registered: new Date(this.context.now()).toISOString() })
      .catch((error: unknown) => this.parts.onFailed(`the id could not be written: ${String(error)}`));
    this.parts.onRegistered(this.anew);
    this.anew = false;
    return id;
  }

  private async fromStore(): Promise<string | undefined> {
    return this.quietly(() => this.context.store.get(`${this.parts.key}id`));
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
