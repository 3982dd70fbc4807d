import type { Socket, Server } from "node:net";
import { Server as TlsServer } from "node:tls";
import { parseAddress } from "../address/address.js";
import type { Client } from "../request/client.js";
import { ALLOWED, type Pipeline } from "../engine/pipeline.js";
import { messageOf } from "../errors.js";
import { intercept } from "../engine/intercept.js";
import type { AppLike } from "../request/request-like.js";
import { RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import { isThenable, type Awaitable } from "../awaitable.js";
import type { ConnectionResolved } from "./options.js";
import type { ProxySource } from "./proxy-header.js";
import { readProxyHeader } from "./proxy-reader.js";

/** Counters of connections. */
export interface ConnectionStatus {
  /** Open connections, which a ban of their client closes. */
  readonly open: number;
  /** Connections that wait for their header or for their verdict. */
  readonly held: number;
  readonly refused: number;
  /** Connections without a valid PROXY header in time. */
  readonly malformed: number;
  /** Connections that `onStoreError` decided because too many waited. */
  readonly shed: number;
  /** Connections that `onStoreError` decided because the verdict took too long. */
  readonly late: number;
}

/** A connection with a known client; `pass` gives it to the listeners of the server. */
interface ClientConnection {
  readonly socket: Socket;
  readonly client: Client;
  readonly request: RequestView;
  readonly pass: () => void;
}

/** The delay between a ban and the search for the connections that it closes, in ms; one search serves all bans until then. */
const CLOSE_DELAY_MS = 20;

/**
 * Judges each connection of a server before the server's own listeners, and so TLS and HTTP, see it. Refused connections are
 * destroyed and count as 444.
 */
export class ConnectionGuard {
  private readonly open = new Map<Socket, Client>();
  /** The clients that proxies announced, by the two ends of the connection: TLS sockets ask the operating system instead. */
  private readonly sources = new Map<string, ProxySource>();
  private readonly stops: (() => void)[] = [];
  /** The number of headers being read, counted apart: slow verdicts must not refuse clients that `onStoreError` would admit. */
  private reading = 0;
  private closing: NodeJS.Timeout | undefined;
  private readonly counts = { held: 0, refused: 0, malformed: 0, shed: 0, late: 0 };

  /**
   * @param options `appOf` returns the Express app whose `trust proxy` applies to the server
   * @param judges `false` = only PROXY headers are read, and every client is admitted
   */
  constructor(
    private readonly pipeline: Pipeline,
    server: Server,
    private readonly options: ConnectionResolved & { readonly appOf?: () => AppLike | undefined },
    private readonly judges = true,
  ) {
    const { banIndex, securityMode } = pipeline.context;
    this.stops.push(
      intercept(server, "connection", ([socket], pass) => this.take(socket as Socket, server, pass)),
    );
    if (options.proxyProtocol !== false && server instanceof TlsServer) {
      this.stops.push(
        intercept(server, "secureConnection", ([socket], pass) => {
          const source = this.sources.get(endsOf(socket as Socket));
          if (source !== undefined) overrideRemote(socket as Socket, source);
          pass();
        }),
      );
    }
    if (!judges) return;
    // Bans come by the thousand when those of a store are loaded.
    const closeSoon = (): void => {
      this.closing ??= setTimeout(() => this.closeBanned(), CLOSE_DELAY_MS).unref();
    };
    // Bans by other instances close connections too, and bans that detect mode has not enforced do when it is over.
    this.stops.push(banIndex.onBan(closeSoon), securityMode.onChange(closeSoon));
  }

  get status(): ConnectionStatus {
    return { open: this.open.size, ...this.counts, held: this.counts.held + this.reading };
  }

  /** Stops judging new connections. Waiting connections are still decided. */
  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    clearTimeout(this.closing);
    this.closing = undefined;
  }

  private closeBanned(): void {
    this.closing = undefined;
    const { banIndex, mode } = this.pipeline.context;
    if (mode === "detect") return;
    for (const [socket, client] of this.open)
      if (banIndex.find(client, client.service)?.action === "deny") socket.destroy();
  }

  private take(socket: Socket, server: Server, pass: () => void): void {
    const { remoteAddress } = socket;
    const { proxyProtocol } = this.options;
    // The client reset the connection before it was accepted. The server could still read and carry out the data sent before
    // the reset, without knowing the client, which may be banned. (A unix socket has no local address either.)
    if (remoteAddress === undefined && socket.localAddress !== undefined) {
      socket.destroy();
      return;
    }
    if (proxyProtocol === false || remoteAddress === undefined || !this.sends(remoteAddress)) {
      this.decide(socket, remoteAddress, pass);
      return;
    }
    // Without its header the client is unknown, so `onStoreError` cannot admit the connection.
    if (this.reading >= this.options.maxHeld) {
      this.counts.shed++;
      socket.destroy();
      return;
    }
    this.reading++;
    readProxyHeader(socket, proxyProtocol === true ? 5000 : proxyProtocol.timeout, (found) => {
      this.reading--;
      if (found instanceof Error || socket.destroyed) {
        this.counts.malformed++;
        socket.destroy();
      } else if (found === undefined) pass();
      else {
        if (server instanceof TlsServer) {
          const ends = endsOf(socket);
          this.sources.set(ends, found);
          socket.once("close", () => this.sources.delete(ends));
        }
        overrideRemote(socket, found);
        this.decide(socket, found.address, pass);
      }
    });
  }

  // If a `trustProxy` function throws, the peer is not trusted.
  private sends(remoteAddress: string): boolean {
    const { proxyProtocol } = this.options;
    const address = parseAddress(remoteAddress);
    if (address === undefined || proxyProtocol === false) return false;
    try {
      if (proxyProtocol !== true) return proxyProtocol.from.has(address);
      return this.pipeline.context.options.trustProxy?.trusts(address.text, 0) === true;
    } catch (error) {
      this.fault(error);
      return false;
    }
  }

  private decide(socket: Socket, address: string | undefined, pass: () => void): void {
    const { resolver } = this.pipeline.context;
    // A unix socket has no address to judge.
    if (!this.judges || address === undefined) {
      pass();
      return;
    }
    let connection: ClientConnection;
    let verdict: Awaitable<Verdict>;
    try {
      const client = resolver.connectionClient(address);
      const request = RequestView.ofConnection(client, resolver);
      connection = { socket, client, request, pass };
      verdict = resolver.carriesOthers(client, this.options.appOf?.())
        ? ALLOWED
        : this.pipeline.judgeConnection(client, request);
    } catch (error) {
      // A `trustProxy` function threw, so the client is unknown.
      this.fault(error);
      pass();
      return;
    }
    if (isThenable(verdict)) this.hold(verdict, connection);
    else this.settle(verdict, connection);
  }

  // The socket is not read while it waits: received data stays in its buffer, up to the limit of the stream.
  private hold(verdict: PromiseLike<Verdict>, connection: ClientConnection): void {
    const { counts } = this;
    const { socket } = connection;
    const undecided = (): void => this.settleUndecided(connection);
    if (counts.held >= this.options.maxHeld) {
      counts.shed++;
      undecided();
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
    const expire = (): void => {
      counts.late++;
      undecided();
    };
    const timer = setTimeout(() => release(expire), this.options.holdTimeout).unref();
    socket.on("error", ignore).once("end", gone).once("close", gone);
    // Outside the promise, errors thrown by the app's listeners surface as they would without the guard.
    verdict.then(
      (late) => process.nextTick(() => release(() => this.settle(late, connection))),
      () => process.nextTick(() => release(undecided)),
    );
  }

  private settle(verdict: Verdict, connection: ClientConnection): void {
    const { socket, client, request, pass } = connection;
    if (socket.destroyed) return;
    // A challenge can only be shown once there is a request.
    if (verdict === ALLOWED) pass();
    else if (verdict.action !== "deny") this.admit(connection);
    else {
      this.pipeline.responder.emit(verdict, request);
      if (this.pipeline.context.mode === "detect") this.admit(connection);
      else {
        this.counts.refused++;
        socket.destroy();
        // A status means that our own failure is the reason, which is not the client's bad behavior.
        if (verdict.status === undefined) this.pipeline.responseEnded(client, request, 444);
      }
    }
  }

  private settleUndecided(connection: ClientConnection): void {
    const { socket } = connection;
    if (this.pipeline.context.options.onStoreError === "deny") socket.destroy();
    else if (!socket.destroyed) this.admit(connection);
  }

  private admit({ socket, client, pass }: ClientConnection): void {
    this.open.set(socket, client);
    socket.once("close", () => this.open.delete(socket));
    pass();
  }

  private fault(error: unknown): void {
    const about = { protection: "connections", reason: "hook", data: messageOf(error) };
    this.pipeline.context.emit("fault", about, undefined, undefined);
  }
}

/** Returns the two ends of a connection as the operating system knows them; no two open connections share them. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join("|");
}

/** Makes a socket report the client of its proxy as its remote end. */
function overrideRemote(socket: Socket, { address, family, port }: ProxySource): void {
  const values = { remoteAddress: address, remoteFamily: family, remotePort: port };
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(socket, name, { value, configurable: true, enumerable: true });
}
