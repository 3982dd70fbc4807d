import type { IncomingMessage } from "node:http";
import type { Awaitable } from "../awaitable.js";
import { Engine, type Health, type Middleware } from "./engine.js";
import type { Protection } from "./protection.js";
import { viewOf, type RequestView } from "../request/request-view.js";
import type { Deny, Pass, Verdict } from "../request/verdict.js";

/**
 * One engine a service, behind the face of one: which of them a request concerns is found by one look into a map. Requests
 * of services without options of their own, and those of no service, are this engine's own.
 */
export class ServicesEngine extends Engine {
  override middleware(): Middleware {
    const own = super.middleware();
    const ways = new Map([...this.byService].map(([name, engine]) => [name, engine.middleware()]));
    return (req, res, next) => {
      const service = this.serviceOf(req);
      ((service === undefined ? undefined : ways.get(service)) ?? own)(req, res, next);
    };
  }

  override judge(request: RequestView): Awaitable<Verdict> {
    const engine = this.engineOf(request);
    return engine === this ? super.judge(request) : engine.judge(request);
  }

  override tell(verdict: Exclude<Verdict, Pass>, request: RequestView): void {
    const engine = this.engineOf(request);
    if (engine === this) super.tell(verdict, request);
    else engine.tell(verdict, request);
  }

  override drops(verdict: Deny, request: RequestView): boolean {
    const engine = this.engineOf(request);
    return engine === this ? super.drops(verdict, request) : engine.drops(verdict, request);
  }

  override async ready(): Promise<void> {
    await super.ready();
    for (const protection of this.more()) await protection.start?.();
  }

  override health(): Health {
    const common = super.health();
    const entries = [...this.byService].flatMap(([service, engine]) =>
      Object.entries(engine.health().protections).map(
        ([name, health]) => [`${name} (${service})`, health] as const,
      ),
    );
    return {
      ok: common.ok && entries.every(([, { ok }]) => ok),
      protections: { ...common.protections, ...Object.fromEntries(entries) },
    };
  }

  override async close(): Promise<void> {
    for (const protection of this.more()) await protection.close?.();
    await super.close();
  }

  // Some protections serve several services.
  private more(): Set<Protection> {
    const all = new Set([...this.byService.values()].flatMap((engine) => engine.protections));
    for (const protection of this.protections) all.delete(protection);
    return all;
  }

  private engineOf(request: RequestView): Engine {
    try {
      return this.forClient(request.client(this.context.resolver));
    } catch {
      // A `service` hook that throws: this engine asks again and tells of it.
      return this;
    }
  }

  private serviceOf(req: IncomingMessage): string | undefined {
    try {
      return viewOf(req).client(this.context.resolver).service;
    } catch {
      return undefined;
    }
  }
}
