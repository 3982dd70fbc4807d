import { connect, type Socket } from "node:net";

/** The headers of one client's requests. */
export type ClientHeaders = Readonly<Record<string, string>>;

const END_OF_HEAD = "\r\n\r\n";

/** Told by a connection of the end of a request. */
export interface Outcome {
  answered(connection: KeepAlive, head: string): void;
  failed(error: Error): void;
}

/**
 * A connection that stays open from one measurement to the next, and that sends one prepared request after the other. It does as
 * little as it can with a response, so that it is faster than any server under test.
 */
export class KeepAlive {
  private socket: Socket | undefined;
  private received = "";
  private turn = 0;
  private waiting = false;

  constructor(
    private readonly origin: URL,
    private readonly requests: readonly string[],
    private readonly outcome: Outcome,
  ) {}

  /** Sends the next request. The connection must not be waiting for a response. */
  send(): void {
    this.socket ??= this.open();
    this.waiting = true;
    this.socket.write(this.requests[this.turn++ % this.requests.length] ?? "", "latin1");
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Socket {
    const socket = connect(Number(this.origin.port), this.origin.hostname).setNoDelay(true);
    socket.setEncoding("latin1").on("data", (text: string) => this.receive(text));
    socket.on("error", (error) => this.outcome.failed(error));
    socket.on("close", () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (this.waiting) this.outcome.failed(new Error("a connection ended without a response"));
    });
    return socket;
  }

  private receive(text: string): void {
    this.received += text;
    const end = this.received.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = this.received.slice(0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (length === undefined) {
      this.outcome.failed(new Error(`a response without a length:\n${head}`));
      return;
    }
    if (this.received.length < end + END_OF_HEAD.length + Number(length)) return;
    this.received = "";
    this.waiting = false;
    // The server ends such a connection; the next request opens another.
    if (/^connection: *close/im.test(head)) this.socket = undefined;
    this.outcome.answered(this, head);
  }
}

/** Returns the text of a GET request with a client's headers. */
export function requestText(origin: URL, path: string, headers: ClientHeaders): string {
  const lines = Object.entries({ Host: origin.host, ...headers, Connection: "keep-alive" });
  return `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
