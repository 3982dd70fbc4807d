import { startUnbound, type NameServer } from "../../support/name-server.js";

// Names as their owners publish them. Whoever has an address can claim any name for it; only the name's owner can confirm it.
const RECORDS = `
  local-data-ptr: "66.249.66.1 crawl-66-249-66-1.googlebot.com"
  local-data: "crawl-66-249-66-1.googlebot.com. 60 IN A 66.249.66.1"
  local-data-ptr: "45.83.7.1 crawl-66-249-66-1.googlebot.com"
  local-data-ptr: "45.83.7.2 crawl.evilgooglebot.com"
  local-data: "crawl.evilgooglebot.com. 60 IN A 45.83.7.2"
  local-data-ptr: "66.249.90.77 rate-limited-proxy-66-249-90-77.google.com"
  local-data: "rate-limited-proxy-66-249-90-77.google.com. 60 IN A 66.249.90.77"
  local-data-ptr: "2001:4860:4801:10::1 crawl-v6.googlebot.com"
  local-data: "crawl-v6.googlebot.com. 60 IN AAAA 2001:4860:4801:0010:0000:0000:0000:0001"
  local-data-ptr: "2600:1f18::99 crawl-v6.googlebot.com"
  local-data-ptr: "157.55.39.1 msnbot-157-55-39-1.search.msn.com"
  local-data: "msnbot-157-55-39-1.search.msn.com. 60 IN A 157.55.39.1"
  local-data-ptr: "17.58.101.179 17-58-101-179.applebot.apple.com"
  local-data: "17-58-101-179.applebot.apple.com. 60 IN A 17.58.101.179"
  local-data-ptr: "5.255.253.1 5-255-253-1.spider.yandex.com"
  local-data: "5-255-253-1.spider.yandex.com. 60 IN A 5.255.253.1"
  local-data-ptr: "5.255.255.5 yandex.ru"
  local-data: "yandex.ru. 60 IN A 5.255.255.5"
  local-data-ptr: "180.76.15.5 baiduspider-180-76-15-5.crawl.baidu.com"
  local-data: "baiduspider-180-76-15-5.crawl.baidu.com. 60 IN A 180.76.15.5"
  local-data-ptr: "10.9.8.7 printer.office.example.org"
  local-data: "printer.office.example.org. 60 IN A 10.9.8.7"
`;

/** Starts an unbound that knows the addresses and names above, and nothing else. */
export function startNameZones(): Promise<NameServer> {
  return startUnbound(`  local-zone: "." static\n${RECORDS}`, "crawl-66-249-66-1.googlebot.com");
}
