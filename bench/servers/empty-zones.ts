const none = (): Promise<never> => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));

/** A resolver for blocklists that work and list no address. */
export const EMPTY_ZONES = {
  resolve4: (name: string): Promise<string[]> =>
    name.startsWith("2.0.0.127.") ? Promise.resolve(["127.0.0.2"]) : none(),
  resolve6: none,
  resolveTxt: none,
  reverse: none,
};
