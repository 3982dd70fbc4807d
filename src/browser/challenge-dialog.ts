import { CLOSED, SOLVED } from "./frame-messages.js";

/** What the dialog shows besides the challenge. */
export interface DialogTexts {
  /** Its accessible name. */
  title: string;
  /** What its close button says. */
  closeLabel: string;
}

/** A dialog that is open. */
export interface ChallengeDialog {
  /** `true` once the challenge is solved; `false` when the dialog was closed or timed out. */
  solved: Promise<boolean>;
  /** Closes the dialog without a solution. Does nothing if it is closed already. */
  close: () => void;
}

/**
 * Shows a challenge page in a modal dialog until it is solved. Meanwhile the page behind is inert; afterwards it gets its
 * focus back.
 *
 * Styles are set through the DOM, which no Content-Security-Policy forbids; the policy must allow `frame-src 'self'`.
 *
 * @param url Same-origin address of the challenge page.
 * @param timeout How long to wait, in seconds.
 */
export function showChallenge(url: string, texts: DialogTexts, timeout: number): ChallengeDialog {
  const focused = document.activeElement;
  const frame = document.createElement("iframe");
  frame.src = url;
  frame.title = texts.title;
  assignStyles(frame, { border: "0", width: "100%", height: "24rem", maxHeight: "70vh", display: "block" });
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = texts.closeLabel;
  assignStyles(button, { font: "inherit", padding: "0.5em 1em", marginTop: "0.5rem" });
  const modal = createModal([frame, button]);
  modal.element.setAttribute("aria-label", texts.title);

  let finish: (solved: boolean) => void = () => undefined;
  const close = (): void => {
    finish(false);
  };
  const onMessage = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== location.origin || source !== frame.contentWindow) return;
    const type = typeof data === "object" && data && (data as { type?: unknown }).type;
    if (type === SOLVED) finish(true);
    else if (type === CLOSED) close();
  };
  const timer = setTimeout(close, timeout * 1000);
  const solved = new Promise<boolean>((resolve) => {
    finish = (value) => {
      finish = () => undefined;
      clearTimeout(timer);
      removeEventListener("message", onMessage);
      modal.remove();
      if (focused instanceof HTMLElement) focused.focus();
      resolve(value);
    };
  });

  button.onclick = close;
  modal.onEscape(close);
  addEventListener("message", onMessage);
  modal.open();
  frame.focus();
  return { solved, close };
}

interface Modal {
  element: HTMLElement;
  open(): void;
  remove(): void;
  onEscape(listener: () => void): void;
}

function createModal(content: HTMLElement[]): Modal {
  const box = { width: "30rem", maxWidth: "calc(100vw - 2rem)", boxSizing: "border-box", padding: "1rem" };
  const dialog = document.createElement("dialog");
  dialog.append(...content);
  assignStyles(dialog, box);
  // To old browsers <dialog> is an element like any other.
  if ("showModal" in dialog) {
    return {
      element: dialog,
      open() {
        document.body.append(dialog);
        dialog.showModal();
      },
      remove() {
        dialog.remove();
      },
      onEscape(listener) {
        dialog.addEventListener("cancel", (event) => {
          event.preventDefault();
          listener();
        });
        // A dialog may be closed by other means too, such as a second Escape in a row.
        dialog.addEventListener("close", listener);
      },
    };
  }
  return createPlainModal(content, box);
}

/** The same modal, made of plain elements. */
function createPlainModal(content: HTMLElement[], box: Record<string, string>): Modal {
  const element = document.createElement("div");
  element.setAttribute("role", "dialog");
  element.setAttribute("aria-modal", "true");
  assignStyles(element, {
    ...box,
    position: "fixed",
    top: "10vh",
    left: "50%",
    transform: "translateX(-50%)",
    zIndex: "2147483647",
    background: "Canvas",
    border: "1px solid",
  });
  element.append(...content);
  const hidden: Element[] = [];
  const keepFocus = ({ target }: FocusEvent): void => {
    if (target instanceof Node && !element.contains(target)) content[0]?.focus();
  };
  let escape = (): void => undefined;
  const listen = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") escape();
  };
  return {
    element,
    open() {
      for (const other of Array.from(document.body.children)) {
        if (other.hasAttribute("inert") || other.hasAttribute("aria-hidden")) continue;
        other.setAttribute("inert", "");
        other.setAttribute("aria-hidden", "true");
        hidden.push(other);
      }
      document.body.append(element);
      document.addEventListener("focusin", keepFocus);
      document.addEventListener("keydown", listen);
    },
    remove() {
      document.removeEventListener("focusin", keepFocus);
      document.removeEventListener("keydown", listen);
      element.remove();
      for (const other of hidden) {
        other.removeAttribute("inert");
        other.removeAttribute("aria-hidden");
      }
    },
    onEscape(listener) {
      escape = listener;
    },
  };
}

function assignStyles(element: HTMLElement, styles: Record<string, string>): void {
  Object.assign(element.style, styles);
}
