const STYLE = `
  :root { color-scheme: light dark; }
  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1.0625rem/1.6 Georgia, serif; }
  h1 { line-height: 1.2; }
`;

/** The sample site's page. */
export function sitePage(): string {
  return page(
    "Harbour Bakery",
    `<h1>Bread, before the boats go out</h1>
    <p>Our ovens are lit at four. By seven there is rye, oat and sourdough on the shelf, and by noon it is gone.</p>
    <p>Your browser has proved that it is one: look for the cookie that says so. The terminal has more to try.</p>`,
  );
}

/** What a missing page says. */
export function missingPage(path: string): string {
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
<body><main>${body}</main></body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
