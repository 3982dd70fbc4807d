import {
  FORM,
  javascript,
  VendorServer,
  type Check,
  type Handler,
  type Verification,
} from "./vendor-server.js";

/** Cap: its widget asks for a challenge, compiles code, works in a worker, and redeems its work for a token. */
export class CapServer extends VendorServer {
  readonly kind = "capjs";
  readonly lifetime = 1200;

  options() {
    return {
      challenge: "capjs",
      capjs: { siteKey: this.siteKey, secret: this.secret, frontendUrl: this.url },
    } as const;
  }

  protected isCheck(path: string): boolean {
    return path === `/${this.siteKey}/siteverify`;
  }

  protected verify({ type, fields }: Check): Verification {
    if (type !== FORM && type !== "application/json") return [400, { success: false, error: "bad request" }];
    if (fields["secret"] !== this.secret)
      return [403, { success: false, error: "Invalid site key or secret" }];
    const token = this.take(fields["response"]);
    if (typeof token === "string") return [404, { success: false, error: "Token not found" }];
    return [200, { success: true }];
  }

  protected serve: Handler = (url, req, res) => {
    if (url.pathname === "/assets/widget.js") {
      javascript(res, WIDGET);
      return;
    }
    if (url.pathname === "/assets/cap_wasm_bg.wasm") {
      res.writeHead(200, { "content-type": "application/wasm", "access-control-allow-origin": "*" });
      // The smallest module there is.
      res.end(Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]));
      return;
    }
    if (req.method !== "POST" || url.pathname !== `/${this.siteKey}/redeem`) {
      res.writeHead(404, { "access-control-allow-origin": "*" }).end();
      return;
    }
    res.writeHead(200, { "content-type": "application/json", "access-control-allow-origin": "*" });
    res.end(JSON.stringify({ success: true, token: this.mint() }));
  };
}

const WIDGET = `customElements.define("cap-widget", class extends HTMLElement {
  connectedCallback() {
    const shadow = this.attachShadow({ mode: "open" });
    shadow.innerHTML = "<style>button{font-size:16px}</style><button>Verify you're human</button>";
    shadow.querySelector("button").onclick = () => this.solve().catch((error) => this.dispatchEvent(
      new CustomEvent("error", { detail: { message: String(error) } })));
  }
  async solve() {
    await WebAssembly.compileStreaming(fetch(window.CAP_CUSTOM_WASM_URL));
    new Function("return 1")();
    const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" })));
    await new Promise((resolve, reject) => { worker.onmessage = resolve; worker.onerror = reject; });
    const answer = await fetch(this.dataset.capApiEndpoint + "redeem", { method: "POST" });
    const { token } = await answer.json();
    this.dispatchEvent(new CustomEvent("solve", { detail: { token } }));
  }
});`;
