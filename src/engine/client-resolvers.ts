import { BanIndex } from "../bans/ban-index.js";
import { EventBus } from "../events/event-bus.js";
import { ClientResolver } from "../request/client-resolver.js";
import { Services } from "../request/services.js";
import type { StoreScope } from "../store/store-scope.js";
import type { SharedOptions, SharedResolved } from "./shared-options.js";

/** The resolvers of one store: middlewares with the same client configuration determine each request's client once. */
export class ClientResolvers {
  private readonly events: EventBus;
  private readonly index: BanIndex;
  private readonly byConfig = new Map<string, ClientResolver>();
  private readonly functions = new Map<unknown, number>();

  constructor(scope: StoreScope) {
    this.events = scope.get(EventBus);
    this.index = scope.get(BanIndex);
  }

  /** @param input the options before they were read: equal text means the same configuration */
  get(options: SharedResolved, input: SharedOptions): ClientResolver {
    const { clientIp, trustProxy, ipv6Subnet, service, services } = options;
    const unknownHost = options.unknownHost === "deny" ? undefined : options.unknownHost;
    const key = JSON.stringify(
      [input.clientIp, input.trustProxy, ipv6Subnet, input.service, input.services, unknownHost],
      (_name, value: unknown) => (typeof value === "function" ? this.nameOf(value) : value),
    );
    let resolver = this.byConfig.get(key);
    if (resolver === undefined) {
      const config = {
        clientIp,
        trustProxy,
        ipv6Subnet,
        services: new Services(service, services, unknownHost),
      };
      this.byConfig.set(key, (resolver = new ClientResolver(config, this.events, () => this.index.now())));
    }
    return resolver;
  }

  private nameOf(value: unknown): string {
    const number = this.functions.get(value) ?? this.functions.size;
    this.functions.set(value, number);
    return `function ${number}`;
  }
}
