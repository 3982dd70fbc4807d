import type { ServerResponse } from "node:http";
import { html, type VendorServer } from "./vendor-server.js";

/**
 * The script of a vendor whose widget is drawn into the page: `render` opens a frame with a button, `execute` a frame without.
 * Tokens come out of the frame by message, as the vendors' own do.
 */
export function widgetScript(vendor: VendorServer, global: string, onload: string | null): string {
  const start = onload === null ? "" : `window[${JSON.stringify(onload)}]();`;
  return `(function(){
    function open(host, about, visible, take, size) {
      var frame = document.createElement("iframe");
      var query = new URLSearchParams(Object.assign({ host: location.hostname, visible: visible ? "1" : "" }, about));
      frame.src = ${JSON.stringify(`${vendor.url}/widget-frame?`)} + query;
      frame.title = ${JSON.stringify(`${vendor.kind} widget`)};
      frame.width = size === "compact" ? 150 : 302; frame.height = 76;
      if (!visible) frame.hidden = true;
      addEventListener("message", function (message) {
        if (message.source === frame.contentWindow) take(message.data.token);
      });
      host.append(frame);
    }
    var api = {
      ready: function (then) { setTimeout(then); },
      execute: function (siteKey, options) {
        return new Promise(function (resolve, reject) {
          if (siteKey !== ${JSON.stringify(vendor.siteKey)}) reject(new Error("Invalid site key"));
          else open(document.body, { sitekey: siteKey, action: options.action }, false, resolve);
        });
      },
      render: function (element, p) {
        if (!p.sitekey) throw new Error("no sitekey");
        var field = document.createElement("textarea");
        field.name = "g-recaptcha-response"; field.hidden = true; element.append(field);
        open(element, { sitekey: p.sitekey, action: p.action || "", cdata: p.cData || "" }, true, function (token) {
          field.value = token; p.callback(token);
        }, p.size);
        return 0;
      },
    };
    ${global.includes(".") ? `window.${global.split(".")[0] as string} = {};` : ""}
    window.${global} = api;
    ${start}
  })();`;
}

/** The frame that the script opens; its button earns a token. */
export function widgetFrame(vendor: VendorServer, url: URL, res: ServerResponse): void {
  const query = url.searchParams;
  const token = vendor.mint({
    siteKey: query.get("sitekey") ?? "",
    hostname: query.get("host") ?? "",
    ...(query.get("action") ? { action: query.get("action") as string } : {}),
    ...(query.get("cdata") ? { cdata: query.get("cdata") as string } : {}),
  });
  const tell = `parent.postMessage({ token: ${JSON.stringify(token)} }, "*")`;
  html(
    res,
    query.get("visible")
      ? `<button onclick='${tell}'>I am human</button>`
      : `<p>working</p><script>${tell}</script>`,
  );
}
