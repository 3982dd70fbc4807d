// Three projects by file name; `npm run test:unit`, `test:browser` and `test:package` run one each.
const shared = {
  testEnvironment: "node",
  roots: ["<rootDir>/__tests__"],
  // Relative imports carry the ".js" ending that Node asks for; Jest reads the TypeScript beside it.
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
};

const PACKAGE_TESTS = "/__tests__/package/";

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.browser\\.test\\.ts$", PACKAGE_TESTS],
    },
    { ...shared, displayName: "browser", testMatch: ["**/*.browser.test.ts"], testTimeout: 60_000 },
    {
      ...shared,
      displayName: "package",
      testMatch: ["<rootDir>/__tests__/package/**/*.test.ts"],
      // They install packages.
      testTimeout: 180_000,
    },
  ],
};
