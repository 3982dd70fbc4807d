import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CompiledTheme } from "../../src/pages/compiled-theme.js";
import { cookieHelpPage, denyPage } from "../../src/pages/deny-page.js";
import { escapeHtml, pageHeaders, renderPage } from "../../src/pages/page.js";
import { LANGUAGES, directionOf } from "../../src/pages/texts.js";

const THEME = new CompiledTheme({});
const ID = "7K2MQ4XW9ABC";

/** What a browser makes of escaped text: the five characters that HTML gives a meaning. */
function unescape(html: string): string {
  const meant: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => meant[name] as string);
}

/** The directives of a Content-Security-Policy. */
function directivesOf(headers: Record<string, string>): Record<string, string[]> {
  const policy = headers["Content-Security-Policy"] as string;
  return Object.fromEntries(
    policy.split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources];
    }),
  );
}

/** The hash sources of the style elements in a page. */
function styleHashes(html: string): string[] {
  return [...html.matchAll(/<style>([^]*?)<\/style>/g)].map(
    ([, css]) =>
      `'sha256-${createHash("sha256")
        .update(css as string)
        .digest("base64")}'`,
  );
}

describe("escaping", () => {
  test("leaves no character that HTML gives a meaning, and loses none", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("<", ">", "&", '"', "\'", "&amp;", "a", ";", "#39", " ", "é", "漢"),
        }),
        (text) => {
          const html = escapeHtml(text);
          expect(html).not.toMatch(/[<>"']/);
          expect(unescape(html)).toBe(text);
        },
      ),
    );
  });

  test("holds for everything that is put into a page", () => {
    const nasty = `"><script>alert(1)</script>&'`;
    const theme = new CompiledTheme({
      siteName: nasty,
      texts: { "*": { reference: nasty, cookiesMessage: nasty, tryAgain: nasty } },
    });
    const help = cookieHelpPage({ language: "en", theme, referenceId: nasty, retryHref: `/x?${nasty}` });
    const page = renderPage({ title: nasty, language: "en", body: "", referenceId: nasty }, theme);
    for (const html of [help, page]) {
      expect(html).not.toContain("<script");
      expect(html).toContain(escapeHtml(nasty));
    }
  });
});

describe.each(Object.keys(LANGUAGES))("R34 the deny page in %s", (language) => {
  const html = denyPage({ language, theme: THEME, referenceId: ID });

  test("says its language and direction, what happened, what to do, and the reference id", () => {
    const texts = THEME.texts(language);
    expect(html).toContain(`<html lang="${language}" dir="${directionOf(language)}">`);
    for (const text of [texts.denyTitle, texts.denyMessage, texts.denyHelp, texts.reference])
      expect(html).toContain(escapeHtml(text));
    expect(html.split(ID)).toHaveLength(2);
  });

  test("loads nothing and runs nothing", () => {
    expect(html).not.toMatch(/<script|<link|<iframe|@import|url\(| on\w+=| src=/i);
  });
});

test("R34 one page is written per theme and language, and shows each visitor's own id", () => {
  const theme = new CompiledTheme({ siteName: "One 000000000000 site" });
  const first = denyPage({ language: "en", theme, referenceId: "AAAAAAAAAAAA" });
  const second = denyPage({ language: "en", theme, referenceId: "BBBBBBBBBBBB" });
  expect(second).toBe(first.replace("AAAAAAAAAAAA", "BBBBBBBBBBBB"));
  expect(first).toContain("One 000000000000 site");
  expect(denyPage({ language: "en", theme: THEME, referenceId: "AAAAAAAAAAAA" })).not.toContain("One 000");
});

test("R34 the cookie help page leads back with its link", () => {
  const html = cookieHelpPage({
    language: "en",
    theme: THEME,
    referenceId: ID,
    retryHref: "/challenge?to=a&b",
  });
  expect(html).toContain('href="/challenge?to=a&amp;b"');
  expect(html).toContain(ID);
});

describe("headers", () => {
  const themes = {
    plain: THEME,
    themed: new CompiledTheme({
      accent: "#b00020",
      accentDark: "#ff8a9a",
      css: ".site{font-weight:700}",
    }),
  };

  test.each(Object.entries(themes))("allow exactly the style of the %s page", (_, theme) => {
    const { "style-src": sources } = directivesOf(pageHeaders(theme));
    expect(sources).toEqual(styleHashes(denyPage({ language: "en", theme, referenceId: ID })));
    expect(sources).toEqual(
      styleHashes(cookieHelpPage({ language: "ar", theme, referenceId: ID, retryHref: "/" })),
    );
  });

  test("allow nothing else: no script, no frame, no other origin", () => {
    const headers = pageHeaders(THEME);
    expect(headers).toMatchObject({ "Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY" });
    const directives = directivesOf(headers);
    expect(directives).toMatchObject({
      "default-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'self'"],
      "frame-ancestors": ["'none'"],
    });
    expect(directives).not.toHaveProperty("script-src");
    expect(JSON.stringify(directives)).not.toMatch(/unsafe|https?:|\*/);
  });

  test("allow the scripts that carry the nonce, and what a challenge asks for", () => {
    const policy = { nonce: "bm9uY2U", sources: { "worker-src": ["blob:"], "connect-src": ["'self'"] } };
    expect(directivesOf(pageHeaders(THEME, policy))).toMatchObject({
      "script-src": ["'nonce-bm9uY2U'"],
      "worker-src": ["blob:"],
      "connect-src": ["'self'"],
    });
    const parts = { title: "T", language: "en", body: "", referenceId: ID, nonce: "bm9uY2U" };
    expect(renderPage({ ...parts, scripts: [{ source: "go()" }] }, THEME)).toContain(
      '<script nonce="bm9uY2U">go()</script>',
    );
  });

  test("say who may frame the page, the old way too where that can say it", () => {
    const headers = pageHeaders(THEME, { frameAncestors: "'self'" });
    expect(directivesOf(headers)["frame-ancestors"]).toEqual(["'self'"]);
    expect(headers).not.toHaveProperty("X-Frame-Options", "DENY");
  });
});

test("template and style stay under 3 KB gzip in every language", () => {
  for (const language of Object.keys(LANGUAGES))
    expect(gzipSync(denyPage({ language, theme: THEME, referenceId: ID })).length).toBeLessThan(3072);
});
