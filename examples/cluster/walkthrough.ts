/** The origins of the proxy and of each instance. */
export interface Origins {
  readonly site: string;
  readonly one: string;
  readonly two: string;
}

/** Returns the text that the example prints: commands to copy, each with its expected result. */
export function walkthrough({ site, one, two }: Origins): string {
  const status = `curl -s -o /dev/null -w '%{http_code}\\n'`;
  return `
Two instances of one app share a Redis, and a proxy forwards requests to them in turn:

   proxy  ${site}
   one    ${one}
   two    ${two}

Commands to try in another terminal:

1. The proxy alternates between instances one and two.

   for turn in 1 2 3 4; do curl -s ${site}/api/hello; echo; done

2. A client is banned at instance one …

   curl -s -X POST ${one}/api/bans/45.83.64.1; echo

3. … and denied by instance two.  ->  403

   ${status} -H 'X-Forwarded-For: 45.83.64.1' ${two}/api/hello

4. Instance two lifts the ban, and instance one serves the client again.  ->  200

   curl -s -X DELETE ${two}/api/bans/45.83.64.1; echo
   ${status} -H 'X-Forwarded-For: 45.83.64.1' ${one}/api/hello

5. Bad responses to a scanner are counted across both instances: ten in total, not ten each.  ->  404 ten times, then 403

   for path in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s -o /dev/null -w '%{http_code} ' -H 'X-Forwarded-For: 45.83.64.2' ${site}/api/$path.php; done; echo

6. A pass from instance one is valid at instance two.  ->  hello from one, hello from two

   curl -s -L -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${one}/
   curl -s -c /tmp/jar -b /tmp/jar -H 'Accept: text/html' ${two}/

Ctrl-C stops everything.
`;
}
