import type { CompiledTheme } from "./compiled-theme.js";
import type { PageKind } from "./style.js";
import { directionOf } from "./texts.js";

/** The parts of one page. `body` is trusted HTML. */
export interface PageParts {
  readonly title: string;
  readonly language: string;
  readonly body: string;
  readonly referenceId: string;
  /** Inline scripts, in order: their source and, for data, their type. They need `nonce`. */
  readonly scripts?: readonly { readonly source: string; readonly type?: string; readonly id?: string }[];
  readonly nonce?: string;
  /** Default `"plain"`. */
  readonly kind?: PageKind;
}

/** What a page may load besides its own style. */
export interface PagePolicy {
  /** The page's kind, as in {@link PageParts}. */
  readonly kind?: PageKind;
  /** Allows the inline scripts that carry it. */
  readonly nonce?: string;
  /** The sites that may show the page in a frame. Default: none. */
  readonly frameAncestors?: "'none'" | "'self'" | "*";
  /** More sources, by directive. */
  readonly sources?: Readonly<Record<string, readonly string[]>>;
}

const SHIELD =
  '<svg class="mark" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><path d="M12 2.5 4 5.5v6c0 4.8 3.3 8.3 8 10 4.7-1.7 8-5.2 8-10v-6z"/><path d="m8.5 12 2.5 2.5 4.5-5"/></svg>';

/** A whole page. */
export function renderPage(parts: PageParts, theme: CompiledTheme): string {
  const { logo, siteName } = theme.options;
  const mark = logo === undefined ? SHIELD : `<img class="mark" src="${escapeHtml(logo)}" alt="">`;
  const site = siteName === undefined ? "" : `<p class="site">${escapeHtml(siteName)}</p>`;
  const { reference } = theme.texts(parts.language);
  const nonce = parts.nonce === undefined ? "" : ` nonce="${parts.nonce}"`;
  const scripts = (parts.scripts ?? []).map(
    ({ source, type, id }) =>
      `<script${nonce}${type === undefined ? "" : ` type="${type}"`}${id === undefined ? "" : ` id="${id}"`}>${source}</script>`,
  );
  return (
    `<!doctype html><html lang="${parts.language}" dir="${directionOf(parts.language)}"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow,noarchive">` +
    `<title>${escapeHtml(parts.title)}</title><style>${theme.style(parts.kind ?? "plain").css}</style></head><body><main>${mark}${site}<h1>${escapeHtml(parts.title)}</h1>` +
    `${parts.body}<footer>${escapeHtml(reference)} <code>${escapeHtml(parts.referenceId)}</code></footer></main>${scripts.join("")}</body></html>`
  );
}

/** The headers of a page: it loads only what `policy` allows, and only those sites frame it. */
export function pageHeaders(theme: CompiledTheme, policy: PagePolicy = {}): Record<string, string> {
  const frameAncestors = policy.frameAncestors ?? "'none'";
  const directives: Record<string, readonly string[]> = {
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": [frameAncestors],
    "img-src": ["'self'", "data:"],
    "style-src": [theme.style(policy.kind ?? "plain").source],
    ...(policy.nonce === undefined ? {} : { "script-src": [`'nonce-${policy.nonce}'`] }),
  };
  for (const [directive, sources] of Object.entries(policy.sources ?? {}))
    directives[directive] = [...(directives[directive] ?? []), ...sources];
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": Object.entries(directives)
      .map(([directive, sources]) => `${directive} ${sources.join(" ")}`)
      .join("; "),
    ...(frameAncestors === "'none'" ? { "X-Frame-Options": "DENY" } : {}),
  };
}

/** Escapes a text for HTML, attribute values included. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
}
