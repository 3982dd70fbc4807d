import { randomBytes } from "node:crypto";
import { REPLY_HEADERS } from "../../../engine/responder.js";
import type { Reply } from "../../../request/verdict.js";
import { escapeHtml } from "../../../pages/page.js";
import type { Visit } from "../../challenge.js";
import type { CapjsResolved } from "./options.js";
import { codesOf, formRequest, RIGHT, wrong, type Provider } from "./provider.js";

/** Sends the widget's token, or its failure, to the page around the frame. */
const FRAME_PROGRAM = `(function(){var w=document.getElementById("cap");function tell(m){parent.postMessage(m,location.origin)}
w.addEventListener("solve",function(e){tell({token:e.detail.token})});w.addEventListener("error",function(){tell({failed:true})})})()`;

/** Cap: its widget compiles code, so its frame has a policy of its own. Contract: capjs.js.org/guide/standalone. */
export function capjs(options: CapjsResolved): Provider {
  const { frontendUrl, siteKey, secret } = options;
  const base = options.backendUrl || frontendUrl;
  const verifyUrl = options.verifyUrl || `${base}/${siteKey}/siteverify`;
  return {
    name: "capjs",
    title: "Cap",
    recipients: [new URL(frontendUrl).host],
    field: "token",
    maxTokenLength: 4096,
    widget: (_state, { uri, language }) => ({
      mode: "frame",
      frame: `${uri}/frame?lang=${encodeURIComponent(language)}`,
      csp: { "frame-src": ["'self'"] },
    }),
    checkRequest: (token) => formRequest(verifyUrl, { secret, response: token }),
    probeRequest: () => formRequest(verifyUrl, { secret, response: "probe" }),
    interpret(response) {
      if (response.json["success"] === true) return RIGHT;
      const codes = codesOf(response);
      // Unknown tokens get 404, a wrong secret 403.
      return response.status === 403 ? { outcome: "fault", reason: codes } : wrong(codes);
    },
    framePage: (visit) => framePage(options, visit),
  };
}

function framePage({ frontendUrl, siteKey }: CapjsResolved, { language, texts }: Visit): Reply {
  const nonce = randomBytes(16).toString("base64url");
  const wasm = JSON.stringify(`${frontendUrl}/assets/cap_wasm_bg.wasm`).replace(/</g, "\\u003c");
  const policy = [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    `script-src 'nonce-${nonce}' ${frontendUrl} 'wasm-unsafe-eval' 'unsafe-eval'`,
    `connect-src ${frontendUrl}`,
    `frame-src ${frontendUrl}`,
    `worker-src blob: ${frontendUrl}`,
    "img-src 'self' data:",
    "style-src 'unsafe-inline'",
  ];
  const endpoint = `${frontendUrl}/${encodeURIComponent(siteKey)}/`;
  return {
    status: 200,
    headers: {
      ...REPLY_HEADERS,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy.join("; "),
    },
    body:
      `<!doctype html><html lang="${escapeHtml(language)}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">` +
      `<title>${escapeHtml(texts.providerFrame)}</title><style>body{margin:0}</style></head><body>` +
      `<main><cap-widget id="cap" data-cap-api-endpoint="${escapeHtml(endpoint)}"></cap-widget></main>` +
      `<script nonce="${nonce}">window.CAP_CUSTOM_WASM_URL=${wasm};window.CAP_CSS_NONCE="${nonce}";${FRAME_PROGRAM}</script>` +
      `<script nonce="${nonce}" src="${escapeHtml(`${frontendUrl}/assets/widget.js`)}"></script></body></html>`,
  };
}
