import { EventBus } from "../events/event-bus.js";
import type { StoreScope } from "../store/store-scope.js";
import { AlertSender } from "./alert-sender.js";
import type { AlertResolved } from "./options.js";

/** A sender that one or more middlewares started. */
interface Running {
  readonly sender: AlertSender;
  readonly stops: readonly (() => void)[];
  users: number;
}

/** The webhooks of all middlewares on one store: middlewares with the same alert share its messages. */
export class Alerts {
  private readonly events: EventBus;
  private readonly running = new Map<string, Running>();

  constructor(scope: StoreScope) {
    this.events = scope.get(EventBus);
  }

  /**
   * Starts some webhooks.
   *
   * @param now the clock, in ms
   * @returns a function that stops them; it resolves when what is waiting was sent, or could not be
   */
  start(options: readonly AlertResolved[], now: () => number): () => Promise<void> {
    const keys = options.map((one) => JSON.stringify(one));
    options.forEach((one, index) => this.startOne(keys[index] as string, one, now));
    return async () => {
      await Promise.all(keys.splice(0).map((key) => this.stopOne(key)));
    };
  }

  private startOne(key: string, options: AlertResolved, now: () => number): void {
    const known = this.running.get(key);
    if (known !== undefined) {
      known.users++;
      return;
    }
    const sender = new AlertSender(options, now, (problem) => this.fault(problem, now()));
    const stops = options.on.map((kind) => this.events.onBrief(kind, (event) => sender.add(event)));
    this.running.set(key, { sender, stops, users: 1 });
  }

  private async stopOne(key: string): Promise<void> {
    const running = this.running.get(key);
    if (running === undefined || --running.users > 0) return;
    this.running.delete(key);
    for (const stop of running.stops) stop();
    await running.sender.close();
  }

  private fault(problem: string, now: number): void {
    this.events.emit({
      type: "fault",
      time: new Date(now),
      id: "",
      ip: "",
      service: "",
      protection: "alerts",
      reason: "webhook",
      data: problem,
      mode: "block",
    });
  }
}
