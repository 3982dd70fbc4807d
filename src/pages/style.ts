import { createHash } from "node:crypto";
import type { PageTheme } from "./theme.js";

// Logical properties serve both writing directions; everything scales with the visitor's own font size.
const STYLE = `
:root{color-scheme:light dark;--accent:ACCENT;--on:#fff;--bg:#eef2f1;--card:#fff;--text:#17211f;--soft:#4b5a56;--line:#d5dedb}
@media(prefers-color-scheme:dark){:root{--accent:DARK;--on:#0c1513;--bg:#0f1614;--card:#18211f;--text:#eaf1ef;--soft:#a9b8b4;--line:#31403c}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1rem;background:var(--bg);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:clamp(1.25rem,6vw,2.5rem);box-shadow:0 1.5rem 3rem -2rem rgba(0,0,0,.35);overflow-wrap:anywhere}
.mark{display:block;width:2.75rem;height:2.75rem;color:var(--accent);margin-block-end:1rem}
img.mark{width:auto;max-width:100%;object-fit:contain}
.captcha{display:block;width:100%;height:auto;border-radius:.625rem}
label{display:block;margin-block-end:.375rem;font-weight:600}
.choices{display:flex;flex-wrap:wrap;gap:.625rem}
.site{margin:0 0 .25rem;color:var(--soft);font-size:.9375rem}
h1{margin:0 0 .75rem;font-size:clamp(1.375rem,5vw,1.75rem);line-height:1.25;letter-spacing:-.01em}
p{margin:0 0 1rem}
.soft{color:var(--soft)}
a{color:var(--accent)}
.button,button{display:inline-flex;align-items:center;justify-content:center;min-height:2.75rem;padding:.5rem 1.25rem;border:1px solid var(--accent);border-radius:.625rem;background:var(--accent);color:var(--on);font:inherit;text-align:center;font-weight:600;text-decoration:none;cursor:pointer}
.plain{background:none;color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
footer{margin-block-start:1.75rem;padding-block-start:1rem;border-block-start:1px solid var(--line);color:var(--soft);font-size:.875rem}
code{font:.9375rem ui-monospace,Consolas,monospace;letter-spacing:.04em;user-select:all}
@media(prefers-reduced-motion:reduce){*{transition:none!important}}
@media(forced-colors:active){main,.button,button{border:1px solid}progress{border:1px solid}}`;

// What only pages with a challenge need: refusals are written thousands of times a second under attack.
const FORM_STYLE = `
audio{display:block;width:100%}
input[type=text]{width:100%;min-height:2.75rem;padding:.5rem .75rem;border:1px solid var(--soft);border-radius:.625rem;background:var(--card);color:inherit;font:inherit}
progress{appearance:none;display:block;width:100%;height:.625rem;margin-block:.25rem 1rem;border:0;border-radius:1rem;overflow:hidden;background:var(--line)}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--accent);transition:width .2s}
progress::-moz-progress-bar{background:var(--accent)}
.notice{padding:.625rem .875rem;border-inline-start:4px solid var(--accent);background:var(--bg);border-radius:.375rem}`;

/** A page that only says something, or one with a challenge on it. */
export type PageKind = "plain" | "form";

/** The one style element of a page. */
export interface Style {
  readonly css: string;
  /** The source for `style-src` that allows exactly this style. */
  readonly source: string;
}

/** The style of a kind of page under a theme. */
export function compileStyle(theme: PageTheme, kind: PageKind): Style {
  const css = (kind === "form" ? STYLE + FORM_STYLE : STYLE)
    .replace(/\n/g, "")
    .replace("ACCENT", theme.accent ?? "#1f6f5c")
    .replace("DARK", theme.accentDark ?? "#63c7ae")
    .concat(theme.css ?? "");
  return { css, source: `'sha256-${createHash("sha256").update(css).digest("base64")}'` };
}
