export {
  NAMESPACES,
  StoreFullError,
  type HitOptions,
  type Hits,
  type Namespace,
  type Store,
  type StoreChange,
  type TallyOptions,
} from "./store.js";
export type { Awaitable } from "../awaitable.js";
export { MemoryStore } from "./memory-store.js";
export type { MemoryStoreOptions } from "./memory/memory-options.js";
export { defaultStore } from "./default-store.js";
