import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Node publishes each response of an HTTP/1 server here once it is sent; other responses, and those never sent, it does not. */
const FINISHED = "http.server.response.finish";
const OPEN = Symbol("express-bunker open responses");

interface Carrier {
  [OPEN]?: OpenResponses;
  once(event: "close", listener: () => void): unknown;
}

/** A response without an end, and whether it waited behind another on its connection (HTTP/1 pipelining) when it came. */
interface OpenResponse {
  readonly res: ServerResponse;
  readonly isQueued: boolean;
}

/** The responses of one connection without an end. The first takes no memory of its own: most connections have one at a time. */
class OpenResponses {
  private owner: object | undefined;
  private res: ServerResponse | undefined;
  private isQueued = false;
  private others: Map<object, OpenResponse> | undefined;

  add(owner: object, res: ServerResponse, isQueued: boolean): void {
    if (this.owner === undefined && this.others === undefined) {
      this.owner = owner;
      this.res = res;
      this.isQueued = isQueued;
    } else {
      (this.others ??= new Map()).set(owner, { res, isQueued });
    }
  }

  delete(owner: object): void {
    if (this.owner === owner) {
      this.owner = undefined;
      this.res = undefined;
    } else if (this.others?.delete(owner) === true && this.others.size === 0) {
      this.others = undefined;
    }
  }

  /** Empties the list, and returns what was in it. */
  takeAll(): OpenResponse[] {
    const all = [...(this.others?.values() ?? [])];
    if (this.res !== undefined) all.unshift({ res: this.res, isQueued: this.isQueued });
    this.owner = this.res = this.others = undefined;
    return all;
  }
}

/**
 * Calls `ended` for every response that is watched, once its status was sent or its client has left. Responses of HTTP/1 servers
 * cost no listener: Node tells of those that are sent, and one listener per connection of those that never are.
 */
export class ResponseEnds {
  private readonly closed: (this: ServerResponse) => void;
  private users = 0;
  /** How many watched responses depend on the subscription. */
  private open = 0;
  private isSubscribed = false;

  constructor(private readonly ended: (res: ServerResponse) => void) {
    this.closed = function (this: ServerResponse) {
      ended(this);
    };
  }

  /** Lets responses be watched without listeners. Returns a function that ends it, once no watched response depends on it. */
  use(): () => void {
    let isUsed = true;
    this.users++;
    return () => {
      if (isUsed) this.users--;
      isUsed = false;
      this.tidy();
    };
  }

  /**
   * Watches a response.
   *
   * @param owner stands for the request
   * @returns whether {@link forget} must be called at the end
   */
  watch(owner: object, res: ServerResponse): boolean {
    const isTold = this.isTold(res);
    const isListed = (isTold || res.socket === null) && this.list(owner, res);
    // "close" comes right after "finish", and also when the client leaves early.
    if (!isTold || !isListed) res.on("close", this.closed);
    if (isListed ? res.req.socket.destroyed : hasLeft(res)) this.endLater(res);
    return isListed;
  }

  // The client may have been gone before, so that no event follows; one that is due comes before the second turn.
  private endLater(res: ServerResponse): void {
    setImmediate(() => setImmediate(this.ended, res));
  }

  /** Forgets a response that has ended. */
  forget(owner: object, res: ServerResponse): void {
    (res.req.socket as unknown as Carrier)[OPEN]?.delete(owner);
    this.open--;
    this.tidy();
  }

  // Node's servers set this property on their responses; those that an app or a test makes itself are not published.
  private isTold(res: ServerResponse): boolean {
    if ((res as { readonly _maxRequestsPerSocket?: number })._maxRequestsPerSocket === undefined)
      return false;
    if (!this.isSubscribed && this.users > 0) {
      subscribe(FINISHED, this.finished);
      this.isSubscribed = true;
    }
    return this.isSubscribed;
  }

  // Node emits "close" only for the response that is being sent, not for those that wait behind it.
  private list(owner: object, res: ServerResponse): boolean {
    const socket = res.req.socket as unknown as Carrier | undefined;
    if (res.req.httpVersionMajor !== 1 || typeof socket?.once !== "function") return false;
    let open = socket[OPEN];
    if (open === undefined) {
      const all = (open = socket[OPEN] = new OpenResponses());
      socket.once("close", () => {
        for (const { res: one, isQueued } of all.takeAll()) {
          if (one.socket !== null || isQueued) this.ended(one);
          // The app has taken the connection over (`detachSocket`), and answers on its own.
          else this.open--;
        }
        this.tidy();
      });
    }
    open.add(owner, res, res.socket === null);
    this.open++;
    return true;
  }

  private readonly finished = (message: unknown): void => {
    const { response, socket } = message as { response: ServerResponse; socket: Carrier };
    if (socket[OPEN] === undefined) return;
    try {
      this.ended(response);
    } catch {
      // Observers report their errors as faults. Whatever else throws must not end the process, as Node would have it here.
    }
  };

  private tidy(): void {
    if (this.users > 0 || this.open > 0 || !this.isSubscribed) return;
    unsubscribe(FINISHED, this.finished);
    this.isSubscribed = false;
  }
}

/** Whether the client of a request has left. */
export function hasLeft(res: ServerResponse): boolean {
  const { stream } = res as { readonly stream?: { readonly id?: number; readonly destroyed: boolean } };
  return stream?.id === undefined ? (res.req.socket as Socket | null)?.destroyed === true : stream.destroyed;
}
