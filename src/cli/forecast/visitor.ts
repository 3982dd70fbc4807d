import type { LogEntry } from "./log-entry.js";

const ASSET = /\.(?:css|m?js|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|mp4|webm|pdf)(?:\?|$)/i;
const BROWSER = /^Mozilla\/5\.0 \(.*(?:Gecko|AppleWebKit|Trident)/;
const PROGRAM = /bot|crawl|spider|scan|curl|wget|python|headless|http-?client|phantom|zgrab|nikto|sqlmap/i;

/** Fewer of these say little. */
const MIN_ASSETS = 3;
const MIN_GOOD = 5;
const MIN_SHARE = 0.3;

/** What a log tells of one client, and whether that looks like a person. */
export class Visitor {
  requests = 0;
  /** Answers from 200 to 399. */
  good = 0;
  /** Good answers to what pages are made of, asked for by a page. */
  assets = 0;
  private browsers = 0;
  private programs = 0;

  /** Takes a request into account. */
  saw({ status, url, referer, userAgent = "" }: LogEntry): void {
    this.requests++;
    if (PROGRAM.test(userAgent.slice(0, 256))) this.programs++;
    else if (BROWSER.test(userAgent.slice(0, 256))) this.browsers++;
    if (status < 200 || status >= 400) return;
    this.good++;
    if (referer !== undefined && ASSET.test(url.slice(0, 2048))) this.assets++;
  }

  /** Whether it may well be a person: a browser that got pages with what belongs to them. */
  get looksReal(): boolean {
    return (
      this.browsers > 0 &&
      this.programs === 0 &&
      this.assets >= MIN_ASSETS &&
      this.good >= MIN_GOOD &&
      this.good >= this.requests * MIN_SHARE
    );
  }

  /** Why it looks as it does, in a few words. */
  get traits(): string {
    const share = Math.round((this.good / this.requests) * 100);
    const kind =
      this.programs > 0 ? "calls itself a program" : this.browsers > 0 ? "a browser" : "no browser's name";
    const assets = this.assets > 0 ? `, ${this.assets} assets with a referer` : ", no assets";
    return `${share}% of ${this.requests} answers good${assets}, ${kind}`;
  }
}
