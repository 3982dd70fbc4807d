// Runs Debian's tesseract-ocr with the captcha's alphabet, on one word per image.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng } from "../../src/antibot/challenges/captcha/png.js";
import type { Plane } from "./image-clean-up.js";

/** Returns whether tesseract is installed and starts. */
export function hasTesseract(): boolean {
  return spawnSync("tesseract", ["--version"], { timeout: 30_000 }).status === 0;
}

/** Returns the text that tesseract reads in each image. */
export function readAll(planes: readonly Plane[], characters: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "captcha-ocr-"));
  try {
    const files = planes.map(({ width, height, ink }, index) => {
      const file = join(folder, `${index}.png`);
      writeFileSync(
        file,
        encodePng(
          Uint8Array.from(ink, (value) => 255 - value * 255),
          width,
          height,
          8,
        ),
      );
      return file;
    });
    const list = join(folder, "list.txt");
    writeFileSync(list, files.join("\n"));
    const args = [
      list,
      "-",
      "--psm",
      "8",
      "-c",
      `tessedit_char_whitelist=${characters}`,
      "-c",
      "user_defined_dpi=150",
    ];
    const { stdout, status } = spawnSync("tesseract", args, {
      env: { ...process.env, OMP_THREAD_LIMIT: "1" },
      maxBuffer: 1 << 26,
    });
    if (status !== 0) throw new Error("tesseract failed");
    return stdout
      .toString("utf8")
      .split("\f")
      .slice(0, planes.length)
      .map((text) => text.replace(/\s/g, ""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
