import { signal } from "@preact/signals";

export type View = "overview" | "protections" | "bans" | "address" | "reference" | "settings";

/** Where in the page the operator is: `#/<view>/<argument>?<query>`. */
export interface Route {
  readonly view: View;
  /** An address or a reference id; may be empty. */
  readonly argument: string;
  readonly query: Readonly<Record<string, string>>;
}

const VIEWS: ReadonlySet<string> = new Set<View>([
  "overview",
  "protections",
  "bans",
  "address",
  "reference",
  "settings",
]);

export const route = signal<Route>(parse(location.hash));

window.addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** Returns the link to a view. */
export function href(view: View, argument = "", query: Readonly<Record<string, string>> = {}): string {
  const params = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  const path = argument === "" ? view : `${view}/${encodeURIComponent(argument)}`;
  return params === "" ? `#/${path}` : `#/${path}?${params}`;
}

/** Goes to a view. */
export function go(view: View, argument?: string, query?: Readonly<Record<string, string>>): void {
  location.hash = href(view, argument, query);
}

/** Changes the query of this view without a new entry in the browser's history. */
export function setQuery(query: Readonly<Record<string, string>>): void {
  const { view, argument } = route.peek();
  history.replaceState(null, "", href(view, argument, query));
  route.value = parse(location.hash);
}

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const slash = path.indexOf("/");
  const view = slash < 0 ? path : path.slice(0, slash);
  return {
    view: VIEWS.has(view) ? (view as View) : "overview",
    argument: slash < 0 ? "" : decoded(path.slice(slash + 1)),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
