import { HOUR_MS } from "../events/active-warnings.js";
import type { EventBus } from "../events/event-bus.js";
import type { RequestView } from "../request/request-view.js";

// Programs that an operator has pointed at the site: monitors, balancers and services that post webhooks.
const KNOWN =
  /kube-probe|ELB-HealthChecker|GoogleHC|Google-Cloud-|UptimeRobot|Pingdom|StatusCake|Better ?Uptime|Blackbox|Prometheus|Consul Health|HAProxy|Zabbix|Nagios|check_http|Datadog|NewRelic|GitHub-Hookshot|GitLab\/|Bitbucket-Webhooks|Stripe\/|PayPal|Shopify|Twilio|SendGrid|Mailgun|Slack|Telegram|Paddle|Svix|Atlassian/i;

/** Bounds the warnings, since a client chooses path and name. */
const MAX_WARNINGS = 20;

/** Warns about the operator's own webhooks and probes that were challenged, so that they can be let through. */
export class KnownPrograms {
  private warnings = 0;

  constructor(private readonly events: EventBus) {}

  /** Warns once per program and path. */
  warn(request: RequestView): void {
    const userAgent = request.header("user-agent");
    if (userAgent === undefined || request.header("sec-fetch-mode") !== undefined) return;
    const program = KNOWN.exec(userAgent.slice(0, 256))?.[0];
    if (program === undefined || this.warnings >= MAX_WARNINGS) return;
    const path = request.path.path.slice(0, 128);
    const target = JSON.stringify(`${request.method.slice(0, 16)} ${path}`);
    const warned = this.events.warn(
      "WRN_BUNKER_PROGRAM",
      `${program} was challenged when it requested ${target}; if it is yours, let it through with antibot.ignoreUri or allow`,
      `${program} ${path}`,
      { lasts: HOUR_MS },
    );
    if (warned) this.warnings++;
  }
}
