/** Where the example listens: the proxy, and each instance. */
export interface Origins {
  readonly site: string;
  readonly one: string;
  readonly two: string;
}

/** What the example prints: commands to copy, each with what it should answer. */
export function walkthrough({ site, one, two }: Origins): string {
  const status = `curl -s -o /dev/null -w '%{http_code}\\n'`;
  return `
Two instances of one app share a Redis, and a proxy gives them requests in turn:

   proxy  ${site}
   one    ${one}
   two    ${two}

Commands to try in another terminal:

1. The proxy asks one and two in turn.

   for turn in 1 2 3 4; do curl -s ${site}/api/hello; echo; done

2. A client is banned at instance one …

   curl -s -X POST ${one}/api/bans/45.83.64.1; echo

3. … and refused by instance two.  ->  403

   ${status} -H 'X-Forwarded-For: 45.83.64.1' ${two}/api/hello

4. Lifted at two, it is welcome at one.  ->  200

   curl -s -X DELETE ${two}/api/bans/45.83.64.1; echo
   ${status} -H 'X-Forwarded-For: 45.83.64.1' ${one}/api/hello

5. A scanner's bad answers are counted over both: ten, not twenty.  ->  404 ten times, then 403

   for path in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s -o /dev/null -w '%{http_code} ' -H 'X-Forwarded-For: 45.83.64.2' ${site}/api/$path.php; done; echo

6. A pass that instance one gave holds at two.  ->  hello from one, hello from two

   curl -s -L -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${one}/
   curl -s -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${two}/

Ctrl-C stops everything.
`;
}
