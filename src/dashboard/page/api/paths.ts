type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Returns a path below the mount with a query; values that are empty or `undefined` are left out. */
export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") params.set(name, String(value));
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The path of the ban on an address or a range. */
export function banPath(address: string, service?: string): string {
  return withQuery(`api/bans/${encodeURIComponent(address)}`, { service });
}

/** The path of what is known of an address or a range. */
export function addressPath(address: string, query: Query = {}): string {
  return withQuery(`api/addresses/${encodeURIComponent(address)}`, query);
}
