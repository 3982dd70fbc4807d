import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 45rem)");

/** Whether there is little room beside each other. */
export const isNarrow = signal(query.matches);

query.addEventListener("change", ({ matches }) => {
  isNarrow.value = matches;
});
