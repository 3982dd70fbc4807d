/** Probes that scanners send; each is one 404 of the demo's API. */
const PROBES = [
  ".env",
  ".git/config",
  "wp-login.php",
  "phpinfo.php",
  "backup.zip",
  "actuator/env",
  "config.json",
  "swagger.json",
  "shell.php",
  "db.sql",
  "id_rsa",
  "admin.php",
];

/**
 * What the demo prints: what to look at in a browser, and commands to copy, each with what it should answer.
 * `origin` is where the demo listens, for example `http://localhost:3000`.
 */
export function walkthrough(origin: string): string {
  return `
Harbour Bakery is open:  ${origin}/

A browser solves the gate's challenge by itself, once. Block cookies for this site, and a page explains what is missing.
Current bans are at ${origin}/bans

Commands to try in another terminal:

1. A client without cookies does not get in.  ->  403

   curl -s -o /dev/null -w '%{http_code}\\n' ${origin}/

2. One that keeps cookies and asks as a browser does is led to the challenge. Only who solves it gets on.  ->  200 at /challenge

   curl -s -o /dev/null -w '%{http_code} %{url_effective}\\n' -L -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${origin}/

3. A scanner at 45.83.64.1: its tenth 404 bans it.  ->  404 ten times, then 403

   for path in ${PROBES.join(" ")}; do curl -s -o /dev/null -w '%{http_code} ' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/$path; done; echo

4. It is banned from everything; another address is not.  ->  403, then 200

   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/hello
   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 8.8.4.4' ${origin}/api/hello

5. The ban, with the ten answers that led to it.

   curl -s ${origin}/bans

6. Lift it, and it may come again.  ->  200

   curl -s -o /dev/null -X DELETE ${origin}/api/bans/45.83.64.1
   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/hello

Ctrl-C stops the demo.
`;
}
