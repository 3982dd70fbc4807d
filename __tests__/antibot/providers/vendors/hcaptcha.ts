import { widgetFrame, widgetScript } from "./widget-script.js";
import {
  FORM,
  javascript,
  VendorServer,
  type Check,
  type Handler,
  type Verification,
} from "./vendor-server.js";

/** hCaptcha: forms only, and tokens belong to the sitekey they were earned with. */
export class HcaptchaServer extends VendorServer {
  readonly kind = "hcaptcha";
  readonly lifetime = 120;

  options() {
    return {
      challenge: "hcaptcha",
      hcaptcha: {
        siteKey: this.siteKey,
        secret: this.secret,
        scriptUrl: `${this.url}/1/api.js`,
        verifyUrl: `${this.url}/siteverify`,
      },
    } as const;
  }

  protected isCheck(path: string): boolean {
    return path === "/siteverify";
  }

  protected verify({ type, fields }: Check): Verification {
    const bad = (...codes: string[]): Verification => [200, { success: false, "error-codes": codes }];
    if (type !== FORM) return bad("bad-request");
    if (fields["secret"] !== this.secret) return bad("invalid-input-secret");
    if (fields["response"] === undefined) return bad("missing-input-response");
    const token = this.take(fields["response"]);
    if (token === "used") return bad("already-seen-response");
    if (token === "old") return bad("expired-input-response");
    if (token === "unknown") return bad("invalid-input-response");
    if (fields["sitekey"] !== undefined && token.siteKey !== fields["sitekey"])
      return bad("sitekey-secret-mismatch");
    return [
      200,
      {
        success: true,
        challenge_ts: new Date(token.at).toISOString(),
        hostname: token.hostname,
        credit: false,
      },
    ];
  }

  protected serve: Handler = (url, _req, res) => {
    if (url.pathname === "/widget-frame") widgetFrame(this, url, res);
    else javascript(res, widgetScript(this, "hcaptcha", url.searchParams.get("onload")));
  };
}
