export {
  NAMESPACES,
  StoreFullError,
  type Awaitable,
  type HitOptions,
  type Hits,
  type Namespace,
  type Store,
  type StoreChange,
} from "./store.js";
export { MemoryStore } from "./memory-store.js";
export type { MemoryStoreOptions } from "./memory/memory-options.js";
export { defaultStore } from "./default-store.js";
