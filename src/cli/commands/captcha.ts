import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Alphabet } from "../../antibot/challenges/captcha/alphabet.js";
import { drawCaptcha } from "../../antibot/challenges/captcha/draw-captcha.js";
import { captchaTable, type CaptchaResolved } from "../../antibot/challenges/captcha/options.js";
import { RandomStream } from "../../antibot/challenges/captcha/random-stream.js";
import { messageOf } from "../../errors.js";
import { readOptions } from "../../options/table.js";
import { JSON_OPTION, type Command } from "../command.js";
import { CliError, EXIT, UsageError } from "../exit-code.js";
import type { Given } from "../arguments.js";
import { printPairs } from "../table.js";

/** Pictures drawn before the measuring starts: the first ones are slow. */
const WARM_UP = 50;

/** Draws sample pictures, and measures how fast. */
export const captchaCommand: Command = {
  name: "captcha",
  takes: "",
  operands: [0, 0],
  summary: "writes sample pictures of the captcha, and measures drawing them",
  options: [
    { name: "count", value: "N", help: "how many pictures, 1 to 100000 (default: 20)" },
    { name: "out", value: "DIR", help: "the folder that they go to (default: captcha-samples)" },
    { name: "length", value: "N", help: "characters of an answer, 4 to 8 (default: 6)" },
    { name: "alphabet", value: "TEXT", help: "what answers are made of (default: the captcha's own)" },
    JSON_OPTION,
  ],
  notes: ["Each file is called by its number and its answer. Measured is the drawing, without the writing."],
  examples: ["captcha", "captcha --count 1000 --out /tmp/pictures --json"],
  run(given, terminal) {
    const count = given.integer("count", 20, 1, 100_000);
    const { alphabet, length, caseSensitive } = captchaOptions(given);
    const folder = given.value("out") ?? "captcha-samples";
    makeFolder(folder);
    const letters = new Alphabet(alphabet, caseSensitive);
    const draw = (): { answer: string; picture: Buffer } => {
      const seed = randomBytes(16).toString("hex");
      const answer = letters.answer(length, new RandomStream(seed));
      return { answer, picture: drawCaptcha(answer, seed) };
    };
    for (let index = 0; index < WARM_UP; index++) draw();
    let spent = 0;
    const sizes: number[] = [];
    const digits = String(count).length;
    for (let index = 1; index <= count; index++) {
      const began = performance.now();
      const { answer, picture } = draw();
      spent += performance.now() - began;
      sizes.push(picture.length);
      const name = `${String(index).padStart(digits, "0")}-${fileName(answer)}.png`;
      write(join(folder, name), picture);
      terminal.progress(() => `${index} of ${count} pictures`);
    }
    terminal.clearProgress();
    sizes.sort((a, b) => a - b);
    const median = sizes[Math.floor(sizes.length / 2)] as number;
    const figures = {
      count,
      folder,
      perSecond: Math.round((count / spent) * 1000),
      milliseconds: Number((spent / count).toFixed(3)),
      bytes: { least: sizes[0] as number, median, most: sizes.at(-1) as number },
    };
    if (given.has("json")) terminal.printJson(figures);
    else
      printPairs(terminal, [
        ["Pictures", `${count}, in ${folder}`],
        ["Drawn", `${figures.perSecond} a second on one core (${figures.milliseconds} ms each)`],
        ["Bytes", `${figures.bytes.least} to ${figures.bytes.most}, half of them below ${median}`],
      ]);
    return Promise.resolve(EXIT.ok);
  },
};

function captchaOptions(given: Given): CaptchaResolved {
  const length = given.integer("length", 6, 4, 8);
  const alphabet = given.value("alphabet");
  return readOptions(captchaTable, { length, alphabet }, "", ({ path, allowed }) => {
    throw new UsageError(`--${path} takes ${allowed}`, "captcha");
  });
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CliError(`the folder ${folder} cannot be made: ${messageOf(error)}`);
  }
}

function write(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${messageOf(error)}`);
  }
}

// Alphabets may hold "/" and the like.
function fileName(answer: string): string {
  return answer.replace(/[^\p{L}\p{N}]/gu, (letter) => `%${(letter.codePointAt(0) as number).toString(16)}`);
}
