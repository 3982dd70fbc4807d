import { widgetFrame, widgetScript } from "./widget-script.js";
import {
  FORM,
  javascript,
  VendorServer,
  type Check,
  type Handler,
  type Verification,
} from "./vendor-server.js";

/** reCAPTCHA: scores for its v3 key, a checkbox for its v2 key, and Enterprise's assessments. */
export class RecaptchaServer extends VendorServer {
  readonly kind = "recaptcha";
  readonly lifetime = 120;
  readonly checkboxSiteKey = `checkbox-${this.siteKey}`;
  readonly checkboxSecret = `checkbox-${this.secret}`;
  /** The score of every v3 token; absent = the answers of a v2 key. */
  score: number | undefined = 0.9;
  classic = true;

  options() {
    const keys = { siteKey: this.siteKey };
    return {
      challenge: "recaptcha",
      recaptcha: this.classic
        ? {
            ...keys,
            secret: this.secret,
            scriptUrl: `${this.url}/recaptcha/api.js`,
            verifyUrl: `${this.url}/recaptcha/api/siteverify`,
          }
        : {
            ...keys,
            classic: false,
            projectId: "project-1",
            apiKey: "api-key-1",
            scriptUrl: `${this.url}/recaptcha/enterprise.js`,
            verifyUrl: `${this.url}/v1/projects/project-1/assessments`,
          },
    } as const;
  }

  protected isCheck(path: string): boolean {
    return path === "/recaptcha/api/siteverify" || path === "/v1/projects/project-1/assessments";
  }

  protected verify(check: Check): Verification {
    return check.path.startsWith("/v1/") ? this.assess(check) : this.siteVerify(check);
  }

  private siteVerify({ type, fields }: Check): Verification {
    const bad = (...codes: string[]): Verification => [200, { success: false, "error-codes": codes }];
    if (type !== FORM) return bad("bad-request");
    const isCheckbox = fields["secret"] === this.checkboxSecret;
    if (!isCheckbox && fields["secret"] !== this.secret) return bad("invalid-input-secret");
    if (fields["response"] === undefined) return bad("missing-input-response");
    const token = this.take(fields["response"]);
    if (token === "unknown") return bad("invalid-input-response");
    if (typeof token === "string") return bad("timeout-or-duplicate");
    if (token.siteKey !== (isCheckbox ? this.checkboxSiteKey : this.siteKey))
      return bad("invalid-input-response");
    const good = {
      success: true,
      challenge_ts: new Date(token.at).toISOString(),
      hostname: token.hostname,
    };
    const scored = !isCheckbox && this.score !== undefined;
    return [200, scored ? { ...good, score: this.score, action: token.action } : good];
  }

  private assess({ type, query, fields }: Check): Verification {
    if (type !== "application/json") return [400, { error: { status: "INVALID_ARGUMENT" } }];
    if (query.get("key") !== "api-key-1") return [403, { error: { status: "PERMISSION_DENIED" } }];
    const event = fields["event"] as unknown as Record<string, string>;
    const token = this.take(event["token"]);
    if (typeof token === "string" || token.siteKey !== event["siteKey"])
      return [200, { tokenProperties: { valid: false, invalidReason: "DUPE" }, riskAnalysis: { score: 0 } }];
    return [
      200,
      {
        tokenProperties: { valid: true, hostname: token.hostname, action: token.action },
        riskAnalysis: { score: this.score, reasons: [] },
      },
    ];
  }

  protected serve: Handler = (url, _req, res) => {
    if (url.pathname === "/widget-frame") widgetFrame(this, url, res);
    else {
      const global = url.pathname.endsWith("enterprise.js") ? "grecaptcha.enterprise" : "grecaptcha";
      javascript(res, widgetScript(this, global, url.searchParams.get("onload")));
    }
  };
}
