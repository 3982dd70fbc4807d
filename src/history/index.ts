export { openHistory, type OpenHistory } from "./open-history.js";
export { History, type HistoryParts, type HistoryStatus } from "./history.js";
export type {
  CountsNumbers,
  CountsPoint,
  CountsReport,
  LabelledCount,
  PeriodCounts,
  ServiceCounts,
} from "./counts-report.js";
export type { HeavyHitter } from "./heavy-hitters.js";
export type { HistoryEvent, HistoryEventType } from "./history-event.js";
export type { EventPage, EventQuery } from "./recent-events.js";
export type { HistoryRange } from "./time-buckets.js";
export type { TopLists, TopRange } from "./top-lists.js";
