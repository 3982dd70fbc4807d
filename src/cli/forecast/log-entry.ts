export interface LogEntry {
  /** When, in ms. */
  readonly time: number;
  readonly ip: string;
  readonly method: string;
  /** Path and query, as the client wrote them. */
  readonly url: string;
  readonly status: number;
  readonly host: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}
