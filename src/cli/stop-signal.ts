/** Resolves when the process is told to end: Ctrl-C, or a service manager's SIGTERM. `done` stops listening. */
export function stopSignal(): { readonly promise: Promise<void>; done(): void } {
  let stop: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (stop = resolve));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  return {
    promise,
    done() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
