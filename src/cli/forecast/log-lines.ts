import { createReadStream, statSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { pipeline, type Readable } from "node:stream";
import { messageOf } from "../../errors.js";
import { CliError } from "../exit-code.js";

/** A longer line is none of a log's, in characters. */
const MAX_LINE = 64 * 1024;

/** How much of a log has been read, in bytes as they lie on the disk. */
interface ReadSoFar {
  read: number;
  /** `undefined` for standard input. */
  readonly size: number | undefined;
}

export interface LogSource {
  readonly soFar: ReadSoFar;
  /** Its lines, one after the other; compressed ones (gzip) are unpacked. */
  lines(): AsyncIterable<string>;
}

/** Opens a log; `-` = standard input. */
export function openLog(path: string): LogSource {
  const soFar: ReadSoFar = { read: 0, size: path === "-" ? undefined : sizeOf(path) };
  const raw = path === "-" ? process.stdin : createReadStream(path);
  return { soFar, lines: () => linesOf(unpacked(raw, soFar), path) };
}

function sizeOf(path: string): number {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new Error("it is a folder");
    return stat.size;
  } catch (error) {
    const { code } = error as { code?: string };
    throw new CliError(
      `cannot read ${path}: ${code === "ENOENT" ? "there is no such file" : messageOf(error)}`,
    );
  }
}

// Told by its first bytes: rotated logs have all sorts of names.
async function* unpacked(raw: Readable, soFar: ReadSoFar): AsyncIterable<Buffer> {
  const counted = async function* (): AsyncIterable<Buffer> {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      soFar.read += chunk.length;
      yield chunk;
    }
  };
  const chunks = counted()[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = async function* (): AsyncIterable<Buffer> {
    yield first.value;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  };
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (isGzip) yield* pipeline(whole, createGunzip(), () => undefined) as AsyncIterable<Buffer>;
  else yield* whole();
}

async function* linesOf(chunks: AsyncIterable<Buffer>, path: string): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let tooLong = false;
  try {
    for await (const chunk of chunks) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() as string;
      for (const line of parts) {
        if (!tooLong) yield line.endsWith("\r") ? line.slice(0, -1) : line;
        tooLong = false;
      }
      if (rest.length > MAX_LINE) {
        rest = "";
        tooLong = true;
      }
    }
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${messageOf(error)}`);
  }
  if (rest !== "" && !tooLong) yield rest;
}
