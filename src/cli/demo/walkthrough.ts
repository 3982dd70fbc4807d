/** Probes that scanners send; each is one 404 of the demo's API. */
const PROBES =
  ".env .git/config wp-login.php phpinfo.php backup.zip actuator/env config.json swagger.json shell.php db.sql id_rsa admin.php";

/**
 * What the demo prints: what to look at in a browser, and commands to copy, each with what it should answer.
 *
 * @param origin where the demo listens
 * @param control its control socket's path
 */
export function walkthrough(origin: string, control: string): string {
  const bunker = `npx express-bunker`;
  const at = `--control ${control}`;
  return `Harbour Bakery is open:  ${origin}/

A browser solves the gate's challenge by itself, once. Commands to try in another terminal:

1. A client without cookies does not get in.  ->  403

   curl -s -o /dev/null -w '%{http_code}\\n' ${origin}/

2. A scanner at 45.83.64.1: its tenth 404 bans it.  ->  404 ten times, then 403

   for path in ${PROBES}; do curl -s -o /dev/null -w '%{http_code} ' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/$path; done; echo

3. Who is banned, and what would become of that client.

   ${bunker} bans ${at}
   ${bunker} check 45.83.64.1 ${at}

4. Lift the ban, and it may come again.  ->  200

   ${bunker} unban 45.83.64.1 ${at}
   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/hello

Ctrl-C stops the demo.`;
}
