import type { Socket, Server } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Client } from "../request/client.js";
import { ALLOWED, type Pipeline } from "../engine/pipeline.js";
import { messageOf } from "../errors.js";
import { intercept } from "../engine/intercept.js";
import { RequestView } from "../request/request-view.js";
import { type Verdict } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import { proxySenders, type ConnectionResolved, type ProxySenders } from "./options.js";
import type { ProxySource } from "./proxy-header.js";
import { readProxyHeader } from "./proxy-reader.js";
import { endsOf, playSource } from "./socket-address.js";

/** How connections fared, in figures. */
export interface ConnectionStatus {
  /** Connections that are open and would be closed by a ban of their client. */
  readonly open: number;
  /** Connections that wait for their header or their verdict. */
  readonly held: number;
  readonly refused: number;
  /** Connections that had no right PROXY header in time. */
  readonly malformed: number;
  /** Connections that `onStoreError` decided, because too many waited. */
  readonly shed: number;
  /** Connections that `onStoreError` decided, because the verdict took too long. */
  readonly late: number;
}

type Admit = () => void;

/** How long after a ban the connections it ends are looked for, in ms: once for all the bans that come meanwhile. */
const CLOSE_AFTER_MS = 20;

/**
 * Judges each connection of a server before the server's own listeners, and so TLS and HTTP, hear of it: refused ones are
 * destroyed and count as 444.
 */
export class ConnectionGuard {
  private readonly open = new Map<Socket, Client>();
  /** For TLS, whose sockets ask the operating system who is there: what proxies said, by the two ends of the connection. */
  private readonly sources = new Map<string, ProxySource>();
  private readonly senders: ProxySenders | undefined;
  private readonly stops: (() => void)[] = [];
  /** Headers being read: counted for themselves, so that slow verdicts shut nobody out who would be let through undecided. */
  private reading = 0;
  private closing: NodeJS.Timeout | undefined;
  private readonly counts = { held: 0, refused: 0, malformed: 0, shed: 0, late: 0 };

  /** @param judges `false` = PROXY headers are read, and everybody let through */
  constructor(
    private readonly pipeline: Pipeline,
    server: Server,
    private readonly options: ConnectionResolved,
    private readonly judges = true,
  ) {
    const { banIndex: index, options: shared } = pipeline.context;
    this.senders = proxySenders(options, shared);
    this.stops.push(
      intercept(server, "connection", ([socket], pass) => this.take(socket as Socket, server, pass)),
    );
    if (this.senders !== undefined && server instanceof TlsServer) {
      this.stops.push(
        intercept(server, "secureConnection", ([socket], pass) => {
          const source = this.sources.get(endsOf(socket as Socket));
          if (source !== undefined) playSource(socket as Socket, source);
          pass();
        }),
      );
    }
    // Bans of other instances, too, end what is open.
    if (judges && shared.mode !== "detect") this.stops.push(index.onBan(() => this.banned()));
  }

  get status(): ConnectionStatus {
    return { open: this.open.size, ...this.counts, held: this.counts.held + this.reading };
  }

  /** Lets the server alone. Connections that wait are still decided. */
  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    clearTimeout(this.closing);
    this.closing = undefined;
  }

  private take(socket: Socket, server: Server, pass: Admit): void {
    const { remoteAddress } = socket;
    // Reset before it was accepted. Nobody waits for an answer, but what was sent before the reset could still be read and
    // carried out, in nobody's name: a banned client must not get so far. (A unix socket has no local address either.)
    if (remoteAddress === undefined && socket.localAddress !== undefined) {
      socket.destroy();
      return;
    }
    if (this.senders === undefined || remoteAddress === undefined || !this.sends(remoteAddress)) {
      this.decide(socket, remoteAddress, pass);
      return;
    }
    // Without its header nobody knows whose connection it is, so there is nothing to let through.
    if (this.reading >= this.options.maxHeld) {
      this.counts.shed++;
      socket.destroy();
      return;
    }
    this.reading++;
    readProxyHeader(socket, this.senders.timeout, (found) => {
      this.reading--;
      if (found instanceof Error || socket.destroyed) {
        this.counts.malformed++;
        socket.destroy();
      } else if (found === undefined) pass();
      else {
        if (server instanceof TlsServer) this.remember(socket, found);
        playSource(socket, found);
        this.decide(socket, found.address, pass);
      }
    });
  }

  // A `trustProxy` function that throws has vouched for nobody.
  private sends(remoteAddress: string): boolean {
    try {
      return this.senders?.has(remoteAddress) === true;
    } catch (error) {
      this.fault(error);
      return false;
    }
  }

  private remember(socket: Socket, source: ProxySource): void {
    const ends = endsOf(socket);
    this.sources.set(ends, source);
    socket.once("close", () => this.sources.delete(ends));
  }

  private decide(socket: Socket, address: string | undefined, pass: Admit): void {
    const { resolver } = this.pipeline.context;
    // A unix socket has no address: nobody to judge.
    if (!this.judges || address === undefined) {
      pass();
      return;
    }
    let client: Client;
    let request: RequestView;
    let verdict: Awaitable<Verdict>;
    try {
      client = resolver.connectionClient(address);
      request = RequestView.ofConnection(client, resolver);
      verdict = resolver.carriesOthers(client) ? ALLOWED : this.pipeline.judgeConnection(client, request);
    } catch (error) {
      // A `trustProxy` function threw: nobody knows whose connection this is.
      this.fault(error);
      pass();
      return;
    }
    const settle = (ready: Verdict): void => this.settle(ready, client, request, socket, pass);
    if (isThenable(verdict)) this.hold(verdict, socket, settle, () => this.unsettled(socket, client, pass));
    else settle(verdict);
  }

  // Nobody listens to the socket while it waits: what it sends stays where it is, up to the stream's own limit.
  private hold(
    verdict: PromiseLike<Verdict>,
    socket: Socket,
    settle: (verdict: Verdict) => void,
    unsettled: Admit,
  ): void {
    const { counts } = this;
    if (counts.held >= this.options.maxHeld) {
      counts.shed++;
      unsettled();
      return;
    }
    counts.held++;
    let over = false;
    const release = (then: () => void): void => {
      if (over) return;
      over = true;
      counts.held--;
      clearTimeout(timer);
      socket.off("error", ignore).off("end", gone).off("close", gone);
      then();
    };
    const ignore = (): void => undefined;
    const gone = (): void => release(() => socket.destroy());
    const timer = setTimeout(
      () =>
        release(() => {
          counts.late++;
          unsettled();
        }),
      this.options.holdTimeout,
    );
    timer.unref();
    socket.on("error", ignore).once("end", gone).once("close", gone);
    // What the app's listeners throw is the app's own: outside the promise, it surfaces as it would without us.
    const ready = (late: Verdict): void => process.nextTick(() => release(() => settle(late)));
    verdict.then(ready, () => process.nextTick(() => release(unsettled)));
  }

  private settle(verdict: Verdict, client: Client, request: RequestView, socket: Socket, pass: Admit): void {
    if (socket.destroyed) return;
    // Whoever is only asked to prove something can do so once there is a request.
    if (verdict.action !== "deny") {
      this.admit(socket, verdict === ALLOWED ? undefined : client, pass);
      return;
    }
    this.pipeline.responder.emit(verdict, request);
    if (this.pipeline.context.options.mode === "detect") {
      pass();
      return;
    }
    this.counts.refused++;
    socket.destroy();
    // Where our own failure is the reason, it is nobody's bad behaviour.
    if (verdict.status === undefined) this.pipeline.responseEnded(client, request, 444);
  }

  private unsettled(socket: Socket, client: Client, pass: Admit): void {
    if (this.pipeline.context.options.onStoreError === "deny") socket.destroy();
    else if (!socket.destroyed) this.admit(socket, client, pass);
  }

  private admit(socket: Socket, client: Client | undefined, pass: Admit): void {
    if (client !== undefined) {
      this.open.set(socket, client);
      socket.once("close", () => this.open.delete(socket));
    }
    pass();
  }

  private fault(error: unknown): void {
    const data = messageOf(error);
    this.pipeline.context.emit(
      "fault",
      { protection: "connections", reason: "hook", data },
      undefined,
      undefined,
    );
  }

  // Bans come by the thousand when a store's are read, and connections are as many: one look serves all.
  private banned(): void {
    this.closing ??= setTimeout(() => this.closeBanned(), CLOSE_AFTER_MS).unref();
  }

  private closeBanned(): void {
    this.closing = undefined;
    const { banIndex: index } = this.pipeline.context;
    for (const [socket, client] of this.open)
      if (index.find(client, client.service)?.action === "deny") socket.destroy();
  }
}
