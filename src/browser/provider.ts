import { CLOSED, tellOpener } from "./frame-messages.js";
import { hide, part, say, show } from "./page.js";

/** What the server writes into the page, as JSON in `<script type="application/json" id="bunker-config">`. */
interface Config {
  /** `score` asks the provider for a token, `render` draws its widget, `frame` waits for the token of a frame. */
  mode: "score" | "render" | "frame";
  /** The provider's script. */
  script?: string;
  /** The global that it defines; a dot leads into it. */
  api?: string;
  /** What the widget is drawn with, besides its callbacks. */
  parameters?: Record<string, string>;
  /** Whether to wait for the visitor's word: a token that was refused would only be refused again, and again. */
  pause?: boolean;
  /** Whether the page is shown in the fetch helper's dialog. */
  frame?: boolean;
  texts: Record<"working" | "done" | "slow" | "failed", string>;
}

/** The part of the providers' scripts that is used; reCAPTCHA, hCaptcha and Turnstile agree on it. */
interface Api {
  ready?: (then: () => void) => void;
  execute?: (siteKey: string, options: { action: string }) => PromiseLike<string>;
  render?: (element: HTMLElement, parameters: Record<string, unknown>) => unknown;
}

/** After this long without a widget or a token, people get a way out. */
const PATIENCE_MS = 15_000;
/** Where there is less room than the widgets' usual width, they get their small shape. */
const USUAL_WIDTH = 304;

const widget = (): HTMLElement | null => document.getElementById("bunker-widget");

function providerPage(config: Config, nonce: string): void {
  const { mode, script = "", api = "", parameters = {}, texts } = config;
  let sent = false;
  let patience: ReturnType<typeof setTimeout> | undefined;

  const wayOut = (text: string): void => {
    if (sent) return;
    say(text);
    show("wayout");
  };
  const giveUp = (): void => {
    clearTimeout(patience);
    wayOut(texts.failed);
  };

  const send = (token: unknown): void => {
    const field = document.getElementById("bunker-token") as HTMLInputElement | null;
    const form = field?.form;
    if (sent || typeof token !== "string" || !token || !field || !form) return;
    sent = true;
    clearTimeout(patience);
    hide("wayout");
    say(texts.done);
    field.value = token;
    // Widgets put fields of their own into the form, which are no part of our answer.
    for (const own of Array.from(form.elements)) {
      if (widget()?.contains(own)) (own as HTMLInputElement).disabled = true;
    }
    HTMLFormElement.prototype.submit.call(form);
  };

  const provider = (): Api | undefined => {
    let found: unknown = window;
    for (const name of api.split(".")) found = (found as Record<string, unknown> | undefined)?.[name];
    return found as Api | undefined;
  };

  const draw = (): void => {
    const host = widget();
    if (!host) return;
    // A place of its own each time: nothing can be drawn twice into the same one.
    const place = document.createElement("div");
    host.textContent = "";
    host.append(place);
    provider()?.render?.(place, {
      ...parameters,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      ...(host.clientWidth < USUAL_WIDTH ? { size: "compact" } : {}),
      callback: send,
      "error-callback": giveUp,
    });
    clearTimeout(patience);
    say("");
  };

  const ask = (): void => {
    const known = provider();
    const start = (): void => {
      const asked = known?.execute?.(parameters["sitekey"] || "", { action: parameters["action"] || "" });
      if (asked) asked.then(send, giveUp);
      else giveUp();
    };
    if (known?.ready) known.ready(guarded(start));
    else start();
  };

  // What a provider's script throws must not leave the visitor without a way out.
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
    say(texts.working);
    patience = setTimeout(() => {
      wayOut(texts.slow);
    }, PATIENCE_MS);
    if (mode === "frame") {
      const frame = widget() as HTMLIFrameElement;
      frame.src = frame.getAttribute("src") || "";
    } else if (provider()) guarded(mode === "score" ? ask : draw)();
    else load();
  };

  const retry = part("retry");
  if (retry) {
    retry.onclick = () => {
      clearTimeout(patience);
      begin();
    };
  }
  if (config.frame) {
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape") tellOpener(CLOSED);
    });
  }
  addEventListener("pageshow", ({ persisted }) => {
    // Came back out of the browser's memory: the challenge is spent or stale by now.
    if (persisted) location.reload();
  });

  if (mode === "frame") {
    const frame = widget() as HTMLIFrameElement;
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
      clearTimeout(patience);
      if (!sent) say("");
    });
    // The frame is on its way already; only a second try has to ask for it again.
    return;
  }
  if (config.pause) show("wayout");
  else begin();
}

/** Reads the page's configuration and starts, once the page is really shown: a prerendered page may never be. */
export function runProviderPage(): void {
  const { currentScript } = document;
  const nonce = (currentScript && currentScript.nonce) || "";
  const start = (): void => {
    try {
      providerPage(JSON.parse(part("config")?.textContent ?? "") as Config, nonce);
    } catch {
      show("wayout");
    }
  };
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", start, { once: true });
  } else start();
}
