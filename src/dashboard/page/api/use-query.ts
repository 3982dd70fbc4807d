import { useEffect, useRef, useState } from "preact/hooks";
import { isVisible } from "../state/visibility.js";
import { asApiError, read, type ApiError } from "./client.js";

/** What is known of a path below the mount. */
export interface Query<T> {
  readonly data: T | undefined;
  /** Why the last attempt failed; `data` may be there all the same. */
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Whether `data` is that of another path, until the new one is read. */
  readonly isStale: boolean;
  readonly reload: () => void;
}

interface Options {
  /** How often it is read again, in ms, while the page is visible. */
  readonly every?: number;
  /** Whether the data of the path before stays until the new one is read. */
  readonly keep?: boolean;
}

interface State<T> {
  readonly path?: string | undefined;
  readonly data?: T | undefined;
  readonly error?: ApiError | undefined;
  readonly isLoading: boolean;
}

/** Reads a path when it changes, and from time to time; nothing while it is `undefined`. */
export function useQuery<T>(path: string | undefined, { every, keep = false }: Options = {}): Query<T> {
  const [state, setState] = useState<State<T>>({ isLoading: path !== undefined });
  const [round, setRound] = useState(0);
  const current = useRef<string | undefined>(undefined);
  const visible = isVisible.value;

  useEffect(() => {
    if (path === undefined) {
      setState({ isLoading: false });
      return undefined;
    }
    const controller = new AbortController();
    const isOther = current.current !== path;
    current.current = path;
    setState((old) => (isOther && !keep ? { isLoading: true } : { ...old, isLoading: true }));
    read<T>(path, controller.signal).then(
      (data) => setState({ path, data, isLoading: false }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = asApiError(error);
        setState((old) => ({ ...old, error: problem, isLoading: false }));
      },
    );
    return () => controller.abort();
  }, [path, round, keep]);

  useEffect(() => {
    if (every === undefined || path === undefined || !visible) return undefined;
    const timer = setInterval(() => setRound((old) => old + 1), every);
    return () => clearInterval(timer);
  }, [path, every, visible]);

  return {
    data: state.data,
    error: state.error,
    isLoading: state.isLoading,
    isStale: state.data !== undefined && state.path !== path,
    reload: () => setRound((old) => old + 1),
  };
}
