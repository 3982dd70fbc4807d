import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";
import { LAYERS } from "./scripts/layers.mjs";
import { noImportCycle } from "./scripts/no-import-cycle.mjs";

// One zone per folder: it may import from itself and from lower layers.
const zones = LAYERS.flatMap((folders, layer) =>
  folders.map((folder) => ({
    target: `./src/${folder}`,
    from: LAYERS.slice(layer)
      .flat()
      .filter((other) => other !== folder)
      .map((other) => `./src/${other}`),
    message: `imports run downward, and ${folder} is in layer ${layer + 1} of scripts/layers.mjs`,
  })),
).filter(({ from }) => from.length > 0);

// The dashboard's page runs in a browser: it shares the types of the API with the server, and nothing else.
const PAGE = "./src/dashboard/page";
zones.push(
  {
    target: PAGE,
    from: "./src",
    except: ["./dashboard/api.ts", "./dashboard/page"],
    message: "the dashboard's page imports only its own folder and the types of ../api.ts",
  },
  {
    target: "./src/!(dashboard)/**",
    from: PAGE,
    message: "the dashboard's page is only built, never imported",
  },
);

export default tseslint.config(
  { ignores: ["dist/", "src/dashboard/static/", "coverage/", "node_modules/", ".tmp/", "**/*.generated.ts"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "import-x": importX, house: { rules: { "no-import-cycle": noImportCycle } } },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensionAlias: { ".js": [".ts", ".tsx", ".js"] } })],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
    },
    rules: {
      "import-x/no-cycle": "error",
      "house/no-import-cycle": "error",
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }],
    },
  },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  {
    // Checked by TypeScript too (checkJs), but without the rules that need every type spelt out.
    files: ["**/*.mjs", "**/*.cjs"],
    extends: [...tseslint.configs.strict],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    files: ["__tests__/**/*.ts"],
    rules: {
      // Real servers answer `any` JSON bodies; tests state what they expect of them.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
