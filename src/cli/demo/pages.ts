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
  label { display: block; margin: .75rem 0 .25rem; }
  input, select, button { font: inherit; padding: .5rem .75rem; border: 1px solid var(--ink); border-radius: .375rem; color: inherit; background: transparent; }
  button { margin-top: 1rem; background: var(--accent); border-color: var(--accent); color: var(--paper); }
  footer { font-size: .875rem; border-top: 1px solid var(--line); }
`;

export const PAGES: Readonly<Record<string, string>> = {
  "/": page(
    "Harbour Bakery",
    `<h1>Bread, before the boats go out</h1>
    <p>Our ovens are lit at four. By seven there is rye, oat and sourdough on the shelf, and by noon it is gone.</p>
    <p><a href="/order">Order for tomorrow</a></p>`,
  ),
  "/about": page(
    "About us",
    `<h1>About us</h1>
    <p>Three bakers, one oven, a view of the ferry. We opened when the old fish store closed and kept its blue door.</p>`,
  ),
  "/order": page(
    "Order",
    `<h1>Order for tomorrow</h1>
    <form method="post" action="/order">
      <label for="loaf">Loaf</label>
      <select id="loaf" name="loaf"><option>Harbour sourdough</option><option>Oat loaf</option></select>
      <label for="name">Your name</label>
      <input id="name" name="name" autocomplete="name" required>
      <br><button>Order</button>
    </form>`,
  ),
  "/thanks": page("Thank you", `<h1>Thank you</h1><p>Your loaf will be on the shelf from seven.</p>`),
};

export function missingPage(path: string): string {
  const text = path.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return page("Not found", `<h1>No such page</h1><p>There is nothing at <code>${text}</code>.</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body>
<header><strong>Harbour Bakery</strong> <a href="/">Bread</a> <a href="/about">About</a> <a href="/order">Order</a></header>
<main>${body}</main>
<footer>A sample site of express-bunker. Nothing here is for sale.</footer>
</body></html>`;
}
