// The unit tests that run on any system: `npm run test:portable`. Left out are those that start Redis, DNS servers, curl, openssl, promtool, fail2ban or nginx,
// and those that listen on a unix socket.
const [unit] = require("./jest.config.cjs").projects;

/** @type {import("jest").Config} */
module.exports = {
  ...unit,
  displayName: "portable",
  testPathIgnorePatterns: [
    ...unit.testPathIgnorePatterns,
    "/__tests__/(?:cli|cluster|control|redis|stream)/",
    "/__tests__/antibot/(?:clients|lookups/names)\\.test",
    "/__tests__/bunkernet/hostile-api\\.test",
    "/__tests__/(?:bunkernet-server|settings)/redis\\.test",
    "/__tests__/connections/hostile-connections\\.test",
    "/__tests__/examples/(?:deployment|nginx)\\.test",
    "/__tests__/log/fail2ban\\.test",
    "/__tests__/metrics/(?:promtool|redis)\\.test",
    "/__tests__/dnsbl/real-servers\\.test",
    "/__tests__/request/client\\.test",
  ],
};
