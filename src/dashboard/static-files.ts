import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "./respond.js";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

/** The files of the page, which the build has made. Their names change with their content. */
interface Manifest {
  readonly script: string;
  readonly style: string;
  readonly icon?: string;
}

/** The page's shell and its files, read when they are first asked for. */
export class StaticFiles {
  private read: { readonly shell: string; readonly files: ReadonlyMap<string, StaticFile> } | undefined;

  /** Returns the page. */
  get shell(): string {
    return this.all.shell;
  }

  /** Responds with a file; returns `false` if there is none of that name. */
  serve(name: string, req: IncomingMessage, res: ServerResponse): boolean {
    const file = this.all.files.get(name);
    if (file === undefined) return false;
    const zipped = /\bgzip\b/.test(req.headers["accept-encoding"] ?? "");
    send(req, res, {
      status: 200,
      type: file.type,
      body: zipped ? file.zipped : file.plain,
      cacheControl: "private, max-age=31536000, immutable",
      headers: { Vary: "Accept-Encoding", ...(zipped ? { "Content-Encoding": "gzip" } : {}) },
    });
    return true;
  }

  private get all() {
    return (this.read ??= load());
  }
}

/**
 * @throws {Error} if the files are missing: an app that was bundled into one file has left them behind
 */
function load(): { shell: string; files: Map<string, StaticFile> } {
  const folder = join(__dirname, "static");
  const manifest = readManifest(folder);
  const names = [manifest.script, manifest.style, ...(manifest.icon === undefined ? [] : [manifest.icon])];
  const files = new Map(
    names.map((name) => {
      const plain = readFileSync(join(folder, name));
      const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      return [name, { type, plain, zipped: gzipSync(plain, { level: 9 }) }];
    }),
  );
  return { shell: shellOf(manifest), files };
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  } catch {
    throw new Error(
      `the page's files are not in ${folder}: have your bundler leave express-bunker outside (external), or build them (npm run build)`,
    );
  }
}

function shellOf({ script, style, icon }: Manifest): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>express-bunker</title>
<link rel="stylesheet" href="static/${style}">
${icon === undefined ? "" : `<link rel="icon" href="static/${icon}">\n`}<script type="module" src="static/${script}"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. The same figures are at api/overview, as JSON.</noscript>
</body>
</html>
`;
}
