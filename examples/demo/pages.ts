import type { Ban } from "express-bunker";

const STYLE = `
  :root { color-scheme: light dark; --ink: #23303a; --paper: #fbf7f0; --accent: #a6522a; --line: #e4dacb; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e9e3d8; --paper: #1b2127; --accent: #f0a878; --line: #37414a; } }
  * { box-sizing: border-box; }
  body { margin: 0; font: 1.0625rem/1.6 Georgia, serif; color: var(--ink); background: var(--paper); }
  header, main, footer { max-width: 44rem; margin: 0 auto; padding: 1.25rem; }
  header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; border-bottom: 1px solid var(--line); }
  header strong { font-size: 1.25rem; margin-inline-end: auto; }
  a { color: var(--accent); }
  h1 { line-height: 1.2; margin: 1.5rem 0 .5rem; }
  table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
  th, td { text-align: start; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  label { display: block; margin: .75rem 0 .25rem; }
  input, select, button { font: inherit; padding: .5rem .75rem; border: 1px solid var(--ink); border-radius: .375rem; color: inherit; background: transparent; }
  button { margin-top: 1rem; background: var(--accent); border-color: var(--accent); color: var(--paper); }
  footer { font-size: .875rem; border-top: 1px solid var(--line); }
`;

/** The sample site's front page. */
export function homePage(): string {
  return page(
    "Harbour Bakery",
    `<h1>Bread, before the boats go out</h1>
    <p>Our ovens are lit at four. By seven there is rye, oat and sourdough on the shelf, and by noon it is gone.</p>
    <table><tbody>
      <tr><td>Harbour sourdough</td><td>rye and wheat, two days old when baked</td></tr>
      <tr><td>Oat loaf</td><td>soft, keeps for a week</td></tr>
      <tr><td>Caraway rolls</td><td>only on Saturdays</td></tr>
    </tbody></table>
    <p><a href="/order">Order for tomorrow</a></p>`,
  );
}

/** The sample site's second page. */
export function aboutPage(): string {
  return page(
    "About us",
    `<h1>About us</h1>
    <p>Three bakers, one oven, a view of the ferry. We opened when the old fish store closed and kept its blue door.</p>`,
  );
}

/** A form, so that there is something to post through the gate; `done` = it was just posted. */
export function orderPage(done: boolean): string {
  if (done) return page("Thank you", `<h1>Thank you</h1><p>Your loaf will be on the shelf from seven.</p>`);
  return page(
    "Order",
    `<h1>Order for tomorrow</h1>
    <form method="post" action="/order">
      <label for="loaf">Loaf</label>
      <select id="loaf" name="loaf"><option>Harbour sourdough</option><option>Oat loaf</option></select>
      <label for="name">Your name</label>
      <input id="name" name="name" autocomplete="name" required>
      <br><button>Order</button>
    </form>`,
  );
}

/** The bans now in force. */
export function bansPage(bans: readonly Ban[]): string {
  const rows = bans.map(
    ({ ip, reason, date, expires }) =>
      `<tr><td>${escapeHtml(ip)}</td><td>${escapeHtml(reason)}</td><td>${timeOf(date)}</td><td>${expires === null ? "never" : timeOf(expires)}</td></tr>`,
  );
  return page(
    "Bans",
    bans.length === 0
      ? `<h1>Bans</h1><p>Nobody is banned.</p>`
      : `<h1>Bans</h1>
    <table><thead><tr><th>Address</th><th>Reason</th><th>Since</th><th>Ends</th></tr></thead><tbody>${rows.join("")}</tbody></table>`,
  );
}

/** What a missing page says. */
export function notFoundPage(path: string): string {
  return page(
    "Not found",
    `<h1>No such page</h1><p>There is nothing at <code>${escapeHtml(path)}</code>.</p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body>
<header><strong>Harbour Bakery</strong> <a href="/">Bread</a> <a href="/about">About</a> <a href="/order">Order</a> <a href="/bans">Bans</a></header>
<main>${body}</main>
<footer>A sample site of express-bunker. Nothing here is for sale.</footer>
</body></html>`;
}

function timeOf(date: Date): string {
  return `<time datetime="${date.toISOString()}">${date.toISOString().slice(11, 19)} UTC</time>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
