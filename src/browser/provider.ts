import { announce, hide, onRetry, show, watchPage } from "./page.js";

/** What the server writes into the page, as JSON in `<script type="application/json" id="bunker-config">`. */
interface Config {
  /** `score` asks the provider for a token, `render` draws its widget, `frame` waits for the token of a frame. */
  mode: "score" | "render" | "frame";
  /** The provider's script. */
  script?: string;
  /** The global that the script defines; dots lead to a member of it. */
  api?: string;
  /** The widget's parameters, besides its callbacks. */
  parameters?: Record<string, string>;
  /** Whether to wait until the visitor asks for a token: after a refused token, the next one would be refused as well. */
  pause?: boolean;
  /** Whether the page is shown in the fetch helper's dialog. */
  frame?: boolean;
  texts: Record<"working" | "done" | "slow" | "failed", string>;
}

/** The functions of the providers' scripts that we use; reCAPTCHA, hCaptcha and Turnstile share them. */
interface Api {
  ready?: (then: () => void) => void;
  execute?: (siteKey: string, options: { action: string }) => PromiseLike<string>;
  render?: (element: HTMLElement, parameters: Record<string, unknown>) => unknown;
}

/** After this long without a widget or a token, the page shows a way out. */
const SLOW_MS = 15_000;
/** The widgets' usual width; with less room they get their compact shape. */
const USUAL_WIDTH = 304;

const { currentScript } = document;
const nonce = (currentScript && currentScript.nonce) || "";

/** Shows the widget of a provider and posts its token. */
export function providerPage(config: Config): void {
  const { mode, script = "", api = "", parameters = {}, texts } = config;
  const widget = document.getElementById("bunker-widget");
  const frame = widget as HTMLIFrameElement;
  let sent = false;
  let slowTimer: ReturnType<typeof setTimeout> | undefined;

  const wayOut = (text: string): void => {
    if (sent) return;
    announce(text);
    show("wayout");
  };
  const giveUp = (): void => {
    clearTimeout(slowTimer);
    wayOut(texts.failed);
  };

  const send = (token: unknown): void => {
    const field = document.getElementById("bunker-token") as HTMLInputElement | null;
    const form = field?.form;
    if (sent || typeof token !== "string" || !token || !field || !form) return;
    sent = true;
    clearTimeout(slowTimer);
    hide("wayout");
    announce(texts.done);
    field.value = token;
    // Widgets add fields of their own to the form, which must not be posted.
    for (const own of Array.from(form.elements)) {
      if (widget?.contains(own)) (own as HTMLInputElement).disabled = true;
    }
    HTMLFormElement.prototype.submit.call(form);
  };

  const provider = (): Api | undefined => {
    let found: unknown = window;
    for (const name of api.split(".")) found = (found as Record<string, unknown> | undefined)?.[name];
    return found as Api | undefined;
  };

  const draw = (): void => {
    if (!widget) return;
    // A new element each time: a widget cannot be drawn twice into the same one.
    const place = document.createElement("div");
    widget.textContent = "";
    widget.append(place);
    provider()?.render?.(place, {
      ...parameters,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      ...(widget.clientWidth < USUAL_WIDTH ? { size: "compact" } : {}),
      callback: send,
      "error-callback": giveUp,
    });
    clearTimeout(slowTimer);
    announce("");
  };

  const ask = (): void => {
    const loaded = provider();
    const start = (): void => {
      const token = loaded?.execute?.(parameters["sitekey"] || "", { action: parameters["action"] || "" });
      if (token) token.then(send, giveUp);
      else giveUp();
    };
    if (loaded?.ready) loaded.ready(guarded(start));
    else start();
  };

  // An error in a provider's script must not leave the visitor without a way out.
  const guarded = (step: () => void) => (): void => {
    try {
      step();
    } catch {
      giveUp();
    }
  };

  const load = (): void => {
    const element = document.createElement("script");
    element.async = true;
    element.nonce = nonce;
    element.src = script;
    element.onerror = giveUp;
    if (mode === "score") element.onload = guarded(ask);
    else (window as { bunkerReady?: () => void }).bunkerReady = guarded(draw);
    document.head.append(element);
  };

  const begin = (): void => {
    hide("wayout");
    announce(texts.working);
    slowTimer = setTimeout(() => {
      wayOut(texts.slow);
    }, SLOW_MS);
    if (mode === "frame") frame.src = frame.getAttribute("src") || "";
    else if (provider()) guarded(mode === "score" ? ask : draw)();
    else load();
  };

  onRetry(() => {
    clearTimeout(slowTimer);
    begin();
  });
  watchPage(config.frame);

  if (mode === "frame") {
    frame.style.border = "0";
    frame.style.maxWidth = "100%";
    const { origin } = new URL(frame.src, location.href);
    addEventListener("message", (message) => {
      if (message.origin !== origin || message.source !== frame.contentWindow) return;
      const data = message.data as { token?: unknown; failed?: unknown } | null;
      if (data?.failed) giveUp();
      else send(data?.token);
    });
    frame.addEventListener("load", () => {
      clearTimeout(slowTimer);
      if (!sent) announce("");
    });
    // The frame is loading already; only a second try has to load it again.
    return;
  }
  if (config.pause) show("wayout");
  else begin();
}
