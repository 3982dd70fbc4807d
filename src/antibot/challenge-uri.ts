import { mountOf } from "../request/mount.js";
import { canonicalPath, isSurelyOther, type CanonicalPath } from "../request/path.js";
import type { RequestView } from "../request/request-view.js";

/** Where challenges are served for a request. */
export interface ChallengeUri {
  /** As pages and Location headers contain it. */
  readonly text: string;
  /** Decoded, as a canonical path contains it. */
  readonly path: string;
}

/** Mount points that are remembered: a parameter (`/:tenant`) makes any number of them. */
const MAX_MOUNTS = 64;

/** Finds out where the gate serves its challenges: at the option `uri`, below the path on which the app has mounted the gate. */
export class ChallengeUris {
  private readonly root: ChallengeUri;
  private rootIsServed = false;
  private readonly mounted = new Map<string, ChallengeUri>();

  constructor(private readonly uri: string) {
    this.root = { text: uri, path: uri };
  }

  /** The URI for a request that the gate's own middleware handles. An upgrade passes no router, so its path decides. */
  served({ raw, path }: RequestView): ChallengeUri {
    if (raw.originalUrl === undefined) return this.nearest(path) ?? this.root;
    const mount = mountOf(raw);
    if (mount !== "") return this.below(mount);
    this.rootIsServed = true;
    return this.root;
  }

  /**
   * Whether a request is surely for neither the challenge's URI nor a path that every protection lets pass, as its text shows
   * without being decoded. `false` = the canonical path and {@link served} decide.
   */
  isElsewhere(request: RequestView): boolean {
    const { originalUrl, url } = request.raw;
    const unmounted =
      originalUrl === undefined ? this.mounted.size === 0 : originalUrl === url && this.rootIsServed;
    const text = unmounted ? request.keepUrl() : undefined;
    return text !== undefined && isSurelyOther(text, this.root.path);
  }

  /** The URI for a request that the gate's router handles, which may be mounted on the URI itself. */
  routed({ raw }: RequestView): ChallengeUri {
    const mount = mountOf(raw);
    if (!mount.endsWith(this.uri)) return mount === "" ? this.root : this.below(mount);
    return this.below(mount.slice(0, -this.uri.length));
  }

  /** The URI for a middleware that may be mounted deeper than the gate itself: the nearest that is known to be served. */
  nearestTo({ raw, path }: RequestView): ChallengeUri {
    const known = this.nearest(path) ?? (this.rootIsServed ? this.root : undefined);
    if (known !== undefined) return known;
    // Express sets `route` for one route's handler, which is called for nothing below it.
    return (raw as { route?: unknown }).route === undefined ? this.make(mountOf(raw)) : this.root;
  }

  /** The URI below the mount point of the middleware that handles the request now. */
  mountedAt({ raw }: RequestView): ChallengeUri {
    return this.make(mountOf(raw));
  }

  private below(mount: string): ChallengeUri {
    if (mount === "") return this.root;
    const known = this.mounted.get(mount);
    if (known !== undefined) return known;
    const made = this.make(mount);
    if (this.mounted.size >= MAX_MOUNTS) {
      const [oldest] = this.mounted.keys();
      this.mounted.delete(oldest as string);
    }
    this.mounted.set(mount, made);
    return made;
  }

  // A `uri` that names the mount point already is used as it is.
  private make(mount: string): ChallengeUri {
    if (mount === "" || this.uri === mount || this.uri.startsWith(`${mount}/`)) return this.root;
    const text = mount + this.uri;
    return { text, path: canonicalPath(text).path };
  }

  private nearest({ path }: CanonicalPath): ChallengeUri | undefined {
    if (this.mounted.size === 0) return undefined;
    let found: ChallengeUri | undefined;
    for (const one of this.mounted.values()) {
      const mount = one.path.slice(0, -this.uri.length);
      if (isBelow(path, mount) && one.path.length > (found?.path.length ?? 0)) found = one;
    }
    return found;
  }
}

/** Whether a request is for the challenge's URI or a path below it. */
export function isChallengeUri({ path, suspicious }: CanonicalPath, uri: ChallengeUri): boolean {
  return isBelow(path, uri.path) && !suspicious;
}

function isBelow(path: string, parent: string): boolean {
  return (
    path.startsWith(parent) && (path.length === parent.length || path.charCodeAt(parent.length) === SLASH)
  );
}

const SLASH = 47;
