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

// Browsers start and packages are installed. (Jest reads "testTimeout" for all projects together only.)
const slow = { setupFilesAfterEnv: ["<rootDir>/__tests__/slow-tests.setup.cjs"] };

const PACKAGE_TESTS = "/__tests__/package/";

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    {
      ...shared,
      displayName: "unit",
      setupFilesAfterEnv: ["<rootDir>/__tests__/unit-tests.setup.cjs"],
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.browser\\.test\\.ts$", PACKAGE_TESTS],
    },
    { ...shared, ...slow, displayName: "browser", testMatch: ["**/*.browser.test.ts"] },
    {
      ...shared,
      ...slow,
      displayName: "package",
      testMatch: ["<rootDir>/__tests__/package/**/*.test.ts"],
    },
  ],
};
