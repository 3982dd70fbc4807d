import type { MeteredRequest } from "../meter.js";

/** Whether a page of the same site has sent the request, as browsers tell. Any client can write such headers. */
export function isFromOwnPage(request: MeteredRequest): boolean {
  const site = request.header?.("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || site === "same-site";
  const [referer, host] = [request.header?.("referer"), request.header?.("host")];
  if (referer === undefined || host === undefined || referer.length > 2048) return false;
  try {
    return new URL(referer).host === host.toLowerCase();
  } catch {
    return false;
  }
}
