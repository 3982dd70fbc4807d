/** Paths that scanners probe; each is a 404 of the demo's API. */
const PROBES =
  ".env .git/config wp-login.php phpinfo.php backup.zip actuator/env config.json swagger.json shell.php db.sql id_rsa admin.php";

/** The addresses and the command that the walkthrough prints. */
interface Started {
  readonly origin: string;
  /** The command that runs the command line, and the path of the control socket. */
  readonly program: string;
  readonly control: string;
  readonly dashboard: string;
  readonly password: string;
}

/** The text that the demo prints: what to try in a browser, and commands to copy, each with its expected output. */
export function walkthrough({ origin, program, control, dashboard, password }: Started): string {
  const at = `--control ${control}`;
  return `Harbour Bakery is open:  ${origin}/
Its dashboard:           ${dashboard}  (name: admin, password: ${password})

A browser solves the gate's challenge by itself, once. Block cookies for this site, and a page explains what is missing.
Commands to try in another terminal; the dashboard shows what they do:

1. A client without cookies does not get in.  ->  403

   curl -s -o /dev/null -w '%{http_code}\\n' ${origin}/

2. A client that keeps cookies and accepts HTML, as a browser does, is redirected to the challenge.  ->  200 at /challenge

   curl -s -o /dev/null -w '%{http_code} %{url_effective}\\n' -L -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${origin}/

3. A scanner at 45.83.64.1: its tenth 404 bans it.  ->  404 ten times, then 403

   for path in ${PROBES}; do curl -s -o /dev/null -w '%{http_code} ' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/$path; done; echo

4. It is banned from everything; another address is not.  ->  403, then 200

   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/hello
   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 8.8.4.4' ${origin}/api/hello

5. The bans in force, and what would happen to that client's next request.

   ${program} bans ${at}
   ${program} check 45.83.64.1 ${at}

6. Lift the ban: the address gets in again.  ->  200

   ${program} unban 45.83.64.1 ${at}
   curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-Forwarded-For: 45.83.64.1' ${origin}/api/hello

Ctrl-C stops the demo.`;
}
