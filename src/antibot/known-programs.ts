import type { EventBus } from "../events/event-bus.js";
import type { RequestView } from "../request/request-view.js";

// Programs that an operator has pointed at the site: monitors, balancers and services that post webhooks.
const KNOWN =
  /kube-probe|ELB-HealthChecker|GoogleHC|Google-Cloud-|UptimeRobot|Pingdom|StatusCake|Better ?Uptime|Blackbox|Prometheus|Consul Health|HAProxy|Zabbix|Nagios|check_http|Datadog|NewRelic|GitHub-Hookshot|GitLab\/|Bitbucket-Webhooks|Stripe\/|PayPal|Shopify|Twilio|SendGrid|Mailgun|Slack|Telegram|Paddle|Svix|Atlassian/i;

/** More lines than this are not written: the sender chooses path and name. */
const MOST = 20;
const told = new WeakMap<EventBus, number>();

/** Names a webhook or probe of the operator's own that met the gate, once each, so that it can be let through. */
export function nameKnownProgram(events: EventBus, request: RequestView): void {
  const userAgent = request.header("user-agent");
  if (userAgent === undefined || request.header("sec-fetch-mode") !== undefined) return;
  const program = KNOWN.exec(userAgent.slice(0, 256))?.[0];
  const count = told.get(events) ?? 0;
  if (program === undefined || count >= MOST) return;
  const path = request.path.path.slice(0, 128);
  const what = JSON.stringify(`${request.method.slice(0, 16)} ${path}`);
  if (
    events.warn(
      "WRN_BUNKER_PROGRAM",
      `${program} met the gate with ${what}; if it is yours, let it through with antibot.ignoreUri or allow`,
      `${program} ${path}`,
    )
  ) {
    told.set(events, count + 1);
  }
}
