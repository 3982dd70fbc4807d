import { CLOSED, SOLVED } from "./frame-messages.js";

/** The dialog's accessible name, and the label of its close button. */
export interface DialogTexts {
  title: string;
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
  let finish: (solved: boolean) => void = () => undefined;
  const close = (): void => {
    finish(false);
  };
  const modal = createModal([frame, button], close);
  modal.element.setAttribute("aria-label", texts.title);

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
  addEventListener("message", onMessage);
  modal.open();
  frame.focus();
  return { solved, close };
}

interface Modal {
  element: HTMLElement;
  open(): void;
  remove(): void;
}

function createModal(content: HTMLElement[], escape: () => void): Modal {
  const box = { width: "30rem", maxWidth: "calc(100vw - 2rem)", boxSizing: "border-box", padding: "1rem" };
  const dialog = document.createElement("dialog");
  // To old browsers <dialog> is an element like any other.
  if (!("showModal" in dialog)) return createPlainModal(content, box, escape);
  dialog.append(...content);
  assignStyles(dialog, box);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    escape();
  });
  // A dialog may be closed by other means too, such as a second Escape in a row.
  dialog.addEventListener("close", escape);
  return {
    element: dialog,
    open() {
      document.body.append(dialog);
      dialog.showModal();
    },
    remove() {
      dialog.remove();
    },
  };
}

/** The same modal, made of plain elements. */
function createPlainModal(content: HTMLElement[], box: Record<string, string>, escape: () => void): Modal {
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
  let inert: Element[] = [];
  const keepFocus = ({ target }: FocusEvent): void => {
    if (target instanceof Node && !element.contains(target)) content[0]?.focus();
  };
  const listen = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") escape();
  };
  return {
    element,
    open() {
      inert = Array.from(document.body.querySelectorAll(":scope > :not([inert]):not([aria-hidden])"));
      for (const other of inert) {
        other.setAttribute("inert", "");
        other.setAttribute("aria-hidden", "true");
      }
      document.body.append(element);
      document.addEventListener("focusin", keepFocus);
      document.addEventListener("keydown", listen);
    },
    remove() {
      document.removeEventListener("focusin", keepFocus);
      document.removeEventListener("keydown", listen);
      element.remove();
      for (const other of inert) {
        other.removeAttribute("inert");
        other.removeAttribute("aria-hidden");
      }
    },
  };
}

function assignStyles(element: HTMLElement, styles: Record<string, string>): void {
  Object.assign(element.style, styles);
}
