import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/settings/index.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "express-bunker-sources-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function refusal(source: Parameters<typeof loadSettings>[0]): string {
  try {
    loadSettings(source, { logger: false });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
}

function refusalOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return refusal(path);
}

describe("what is not a regular file holds no settings", () => {
  test("a pipe that nobody writes to", () => {
    const path = join(folder, "pipe.yml");
    execFileSync("mkfifo", [path]);
    expect(refusal(path)).toContain("it is not a regular file");
    expect(refusal({ SESSIONS_SECRET_FILE: path })).toContain("it is not a regular file");
  });

  test("a device without end, a folder", () => {
    const path = join(folder, "zero.env");
    symlinkSync("/dev/zero", path);
    expect(refusal(path)).toContain("it is not a regular file");
    expect(refusal({ SESSIONS_SECRET_FILE: "/dev/zero" })).toContain("it is not a regular file");
    expect(refusal({ SESSIONS_SECRET_FILE: folder })).toContain("it is not a regular file");
  });

  test("a secret's file is read to its end, and no larger one", () => {
    const path = join(folder, "secret");
    writeFileSync(path, "s".repeat(65_537));
    expect(refusal({ SESSIONS_SECRET_FILE: path })).toContain("it is larger than 65536 bytes");
    writeFileSync(path, `${"s".repeat(65_534)}\r\n`);
    const { sessions } = loadSettings({ USE_ANTIBOT: "cookie", SESSIONS_SECRET_FILE: path });
    expect(sessions).toEqual({ secret: "s".repeat(65_534) });
  });
});

describe("no error says a secret", () => {
  test.each([
    ["an alias", "REDIS_PASSWORD: *hunter2\n", "Unresolved alias"],
    ["a tag", "REDIS_PASSWORD: !hunter2\n", "Unresolved tag"],
    ["a tag of somebody's", "REDIS_PASSWORD: !a!hunter2 x\n", "Could not resolve tag"],
    ["a block", "REDIS_PASSWORD: |hunter2\n", "Block scalar header includes extra characters at line 1"],
    ["an escape", 'REDIS_PASSWORD: "\\uhunter2"\n', "Invalid escape sequence at line 1"],
    ["an @", "REDIS_PASSWORD: @hunter2\n", "reserved character @ at line 1, column 17"],
  ])("YAML that takes it for %s", (_name, text, why) => {
    const message = refusalOf("secret.yml", text);
    expect(message).toContain(why);
    expect(message).not.toContain("hunter");
  });

  test.each(["hunter2 is secret", "hunter2\0", "hunter2/with+base64="])(
    "a secret that is given as the path of its file: %j",
    (secret) => {
      const message = refusal({ SESSIONS_SECRET_FILE: secret });
      expect(message).toContain("SESSIONS_SECRET_FILE");
      expect(message).not.toContain("hunter");
    },
  );

  test("a path is said, so that the file can be found", () => {
    const message = refusal({ SESSIONS_SECRET_FILE: "/nowhere/secret" });
    expect(message).toMatch(/"\/nowhere\/secret".*ENOENT/);
  });
});

test("YAML that unfolds to billions is refused", () => {
  const rows = ["a0: &a0 [x]"];
  for (let row = 1; row < 20; row++)
    rows.push(`a${row}: &a${row} [${Array.from({ length: 9 }, () => `*a${row - 1}`).join(", ")}]`);
  expect(refusalOf("bomb.yml", rows.join("\n"))).toContain("Excessive alias count");
});

test("names that every object has are no settings, and change none", () => {
  const path = join(folder, "names.json");
  writeFileSync(
    path,
    '{"__proto__": {"environment": {"USE_DNSBL": "yes"}}, "constructor": "x", "toString": "y", "USE_ANTIBOT": "no"}',
  );
  const options = loadSettings(path, { logger: false });
  expect(options).toEqual({ antibot: false });
  expect(({} as Record<string, unknown>)["environment"]).toBeUndefined();
});
