import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeSettings } from "../../src/settings/index.js";
import { optionsPage } from "../../scripts/docs/options-page.js";
import { settingsPage } from "../../scripts/docs/settings-page.js";

test("docs/settings.md is up to date (node scripts/make-docs.mjs)", () => {
  const page = readFileSync(join(__dirname, "../../docs/settings.md"), "utf8");
  expect(page).toBe(settingsPage());
  for (const { name } of describeSettings()) expect(page).toContain(`\`${name}\``);
});

test("docs/options.md is up to date (node scripts/make-docs.mjs)", () => {
  const page = readFileSync(join(__dirname, "../../docs/options.md"), "utf8");
  expect(page).toBe(optionsPage());
  for (const { option } of describeSettings().filter(({ part }) => part !== "Redis"))
    expect(page.includes(`\`${option}\``) || !option.includes(".")).toBe(true);
});

test("every setting says what it is, what it takes and where it goes", () => {
  const settings = describeSettings();
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
  for (const { name, help, allowed } of settings) {
    expect([name, help]).toEqual([name, expect.stringMatching(/^.{4,}\.$/)]);
    expect([name, allowed]).toEqual([name, expect.stringMatching(/./)]);
  }
});
