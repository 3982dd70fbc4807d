import { html, VendorServer, type Check, type Handler, type Verification } from "./vendor-server.js";

/** mCaptcha: a JSON document of exactly three members, `valid` in the answer, errors as statuses. */
export class McaptchaServer extends VendorServer {
  readonly kind = "mcaptcha";
  readonly lifetime = 30;

  options() {
    return {
      challenge: "mcaptcha",
      mcaptcha: { siteKey: this.siteKey, secret: this.secret, url: this.url },
    } as const;
  }

  protected isCheck(path: string): boolean {
    return path === "/api/v1/pow/siteverify";
  }

  protected verify({ type, fields }: Check): Verification {
    if (type !== "application/json") return [415, { error: "Content type error" }];
    if (Object.keys(fields).sort().join() !== "key,secret,token")
      return [400, { error: "Json deserialize error" }];
    if (fields["secret"] !== this.secret) return [401, { error: "Wrong password" }];
    if (fields["key"] !== this.siteKey) return [404, { error: "Site key not found" }];
    const token = this.take(fields["token"]);
    return [200, { valid: typeof token !== "string" && token.siteKey === this.siteKey }];
  }

  protected serve: Handler = (url, _req, res) => {
    if (url.pathname !== "/widget/") {
      res.writeHead(404).end();
      return;
    }
    const token = this.mint({ siteKey: url.searchParams.get("sitekey") ?? "" });
    const tell = `parent.postMessage({ token: ${JSON.stringify(token)} }, "*")`;
    html(res, `<label><input type="checkbox" onchange='${tell}'> I'm not a robot</label>`);
  };
}
