import { widgetFrame, widgetScript } from "./widget-script.js";
import {
  FORM,
  javascript,
  VendorServer,
  type Check,
  type Handler,
  type Verification,
} from "./vendor-server.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Turnstile: a check may be repeated only with the same idempotency key. */
export class TurnstileServer extends VendorServer {
  readonly kind = "turnstile";
  readonly lifetime = 300;
  /** The next checks are done, but their answers are lost on the way. */
  losing = 0;
  private readonly answered = new Map<string, Verification>();

  options() {
    return {
      challenge: "turnstile",
      turnstile: {
        siteKey: this.siteKey,
        secret: this.secret,
        scriptUrl: `${this.url}/turnstile/v0/api.js`,
        verifyUrl: `${this.url}/turnstile/v0/siteverify`,
      },
    } as const;
  }

  protected isCheck(path: string): boolean {
    return path === "/turnstile/v0/siteverify";
  }

  protected verify(check: Check): Verification {
    const key = check.fields["idempotency_key"];
    if (key !== undefined && !UUID.test(key))
      return [400, { success: false, "error-codes": ["bad-request"] }];
    const answer = (key === undefined ? undefined : this.answered.get(key)) ?? this.judge(check);
    if (key !== undefined) this.answered.set(key, answer);
    if (this.losing === 0) return answer;
    this.losing--;
    return [503, {}];
  }

  private judge({ type, fields }: Check): Verification {
    const bad = (status: number, ...codes: string[]): Verification => [
      status,
      { success: false, "error-codes": codes, messages: [] },
    ];
    if (type !== FORM && type !== "application/json") return bad(400, "bad-request");
    if (fields["secret"] !== this.secret) return bad(400, "invalid-input-secret");
    if ((fields["response"] ?? "").length > 2048) return bad(400, "invalid-input-response");
    const token = this.take(fields["response"]);
    if (token === "unknown") return bad(200, "invalid-input-response");
    if (typeof token === "string") return bad(200, "timeout-or-duplicate");
    const { hostname, action = "", cdata = "" } = token;
    return [
      200,
      {
        success: true,
        "error-codes": [],
        challenge_ts: new Date(token.at).toISOString(),
        hostname,
        action,
        cdata,
      },
    ];
  }

  protected serve: Handler = (url, _req, res) => {
    if (url.pathname === "/widget-frame") widgetFrame(this, url, res);
    else javascript(res, widgetScript(this, "turnstile", url.searchParams.get("onload")));
  };
}
