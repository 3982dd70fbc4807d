import { connect } from "node:net";
import type {
  ControlAnswer,
  ControlProblem,
  ControlRequest,
  ControlResults,
  Json,
  RequestOf,
} from "./messages.js";

/** The app replied that the request failed. */
class ControlRefusal extends Error {
  readonly code: string;
  constructor({ code, message }: ControlProblem) {
    super(message);
    this.name = "ControlRefusal";
    this.code = code;
  }
}

export class ControlUnreachable extends Error {
  readonly code = "ERR_BUNKER_CONTROL";
  constructor(
    readonly path: string,
    why: string,
  ) {
    super(`no app answers at the control socket ${path}: ${why}`);
    this.name = "ControlUnreachable";
  }
}

/** The maximum length of a reply, in bytes. */
const MAX_ANSWER = 256 * 1024 * 1024;

/**
 * Sends a request to the app behind a control socket.
 *
 * @param timeout of the reply, in ms; default 120000
 * @throws {ControlUnreachable} if no app replies, as a rejection
 * @throws {ControlRefusal} with the message of the app if the request failed, as a rejection
 */
export function askControl<C extends ControlRequest["command"]>(
  path: string,
  request: RequestOf<C>,
  timeout = 120_000,
): Promise<Json<ControlResults[C]>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    const fail = (why: string): void => {
      clearTimeout(deadline);
      socket.destroy();
      reject(new ControlUnreachable(path, why));
    };
    const deadline = setTimeout(() => fail(`no answer within ${timeout / 1000} s`), timeout);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER) fail("its answer is too long");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => fail(reasonOf(error)));
    socket.on("end", () => {
      clearTimeout(deadline);
      socket.destroy();
      const answer = parseAnswer(Buffer.concat(chunks).toString("utf8"));
      if (answer === undefined) fail("it closed the connection without an answer; it may be busy");
      else if (answer.ok) resolve(answer.result as Json<ControlResults[C]>);
      else reject(new ControlRefusal(answer.error));
    });
  });
}

function parseAnswer(text: string): ControlAnswer | undefined {
  try {
    const answer = JSON.parse(text) as Partial<ControlAnswer> | null;
    return typeof answer?.ok === "boolean" ? (answer as ControlAnswer) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such file";
  if (code === "ECONNREFUSED") return "nobody listens there";
  if (code === "EACCES") return "it belongs to another user";
  return message;
}
