import { useState } from "preact/hooks";
import { Icon } from "./icon.js";

/** Copies a text. */
export function CopyButton({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  const copy = async (): Promise<void> => {
    const copied = await written(text);
    setState(copied ? "done" : "failed");
    setTimeout(() => setState("idle"), 2500);
  };
  const words = state === "done" ? "Copied" : state === "failed" ? "Select and copy it yourself" : label;
  return (
    <button type="button" class="button small" onClick={() => void copy()}>
      <Icon name={state === "done" ? "check" : "copy"} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}

async function written(text: string): Promise<boolean> {
  try {
    // Pages that are not secure have no clipboard.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
