import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icon.js";
import { go } from "../state/route.js";

/** Finds a reference id, an address or a range. */
export function SearchField() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target } = event;
      const isTyping =
        target instanceof Element && target.closest("input, textarea, select, dialog") !== null;
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const text = input.current?.value.trim() ?? "";
        if (text === "" || input.current === null) return;
        // Reference ids have neither dots nor colons, and addresses have one or the other.
        if (/[.:]/.test(text)) go("address", text);
        else go("reference", text);
        input.current.value = "";
        input.current.blur();
      }}
    >
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        name="find"
        aria-label="Find a reference id, an address or a range"
        placeholder="Reference id or address"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        maxLength={100}
        enterkeyhint="search"
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}
