import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchBrowser, launchContext } from "../browser/browser.js";
import { ROOT, run } from "./tarball.js";

/** The demo, started on what `npm run build` made. */
interface Demo {
  child: ChildProcess;
  /** What it has printed when its last line is there or it has ended. */
  printed: Promise<string>;
  /** Its exit code. */
  ended: Promise<number | null>;
}

/** Starts the demo on `port`; 0 = a free one. */
function startDemo(port: number): Demo {
  const child = spawn(process.execPath, [join(ROOT, "scripts/demo.mjs"), "--built"], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: undefined, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  return {
    child,
    printed: new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes("Ctrl-C stops the demo.")) resolve(output);
        });
      }
      child.once("close", () => resolve(output));
    }),
    ended: once(child, "close").then(([code]) => code as number | null),
  };
}

describe("npm run demo", () => {
  let demo: Demo;
  let scratch: string;
  const origin = async (): Promise<string | undefined> =>
    /http:\/\/localhost:\d+/.exec(await demo.printed)?.[0];
  beforeAll(() => {
    demo = startDemo(0);
    scratch = mkdtempSync(join(tmpdir(), "express-bunker-demo-"));
  });
  afterAll(async () => {
    demo.child.kill("SIGTERM");
    await demo.ended;
    rmSync(scratch, { recursive: true, force: true });
  });

  test("prints commands that do what it says they do", async () => {
    const commands = (await demo.printed)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^(curl|for|node) /.test(line));
    const answers: string[] = [];
    for (const command of commands) {
      // "check" of a client that would be refused exits with 1.
      const script = `${command.replaceAll("/tmp/jar", join(scratch, "jar"))} || true`;
      answers.push((await run("bash", ["-c", script], ROOT)).trim());
    }
    expect(answers).toHaveLength(9);
    const [noCookies, cookies, scanner, banned, other, bans, check, unban, again] = answers;
    expect(noCookies).toBe("403");
    expect(cookies).toMatch(/^200 .*\/challenge(\?|$)/);
    expect(scanner).toBe("404 404 404 404 404 404 404 404 404 404 403 403");
    expect(banned).toBe("403");
    expect(other).toBe("200");
    expect(bans).toMatch(/^45\.83\.64\.1 +default +bad behavior/m);
    expect(check).toContain("It would be refused: by bans");
    expect(unban).toBe("45.83.64.1 is no longer banned.");
    expect(again).toBe("200");
  });

  test("Chromium passes the gate, and orders bread", async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`${await origin()}/about`);
      await page.getByRole("heading", { name: "About us" }).waitFor();
      await page.getByRole("link", { name: "Order" }).click();
      await page.getByLabel("Your name").fill("Ada");
      await page.getByRole("button", { name: "Order" }).click();
      await page.getByRole("heading", { name: "Thank you" }).waitFor();
    } finally {
      await browser.close();
    }
  });

  test("Chromium with cookies blocked reads why the site does not open", async () => {
    // What "block all cookies" in the settings writes.
    mkdirSync(join(scratch, "Default"));
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    writeFileSync(join(scratch, "Default/Preferences"), JSON.stringify(preferences));
    const context = await launchContext(scratch, {});
    try {
      const page = await context.newPage();
      await page.goto(`${await origin()}/`);
      await page.getByRole("heading", { name: "Cookies are needed" }).waitFor();
    } finally {
      await context.close();
    }
  });

  test("says so and ends when its port is taken", async () => {
    const holder = createServer().listen(0);
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    const second = startDemo(port);
    try {
      expect(await second.printed).toContain(`Port ${port} is taken`);
      expect(await second.ended).toBe(1);
    } finally {
      second.child.kill();
      holder.close();
    }
  });
});
