import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describeSettings } from "../../src/settings/index.js";

const SOURCES = join(__dirname, "../../src");

/** The comments of all properties of public option types, by the property's name. */
function commentsOf(): Map<string, string[]> {
  const comments = new Map<string, string[]>();
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  for (const file of files) {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(SOURCES, file), "utf8"),
      ts.ScriptTarget.ES2022,
      true,
    );
    const visit = (node: ts.Node): void => {
      if (ts.isInterfaceDeclaration(node) && node.name.text.endsWith("Options"))
        for (const member of node.members)
          if (ts.isPropertySignature(member)) {
            const name = member.name.getText(source);
            const text = ts
              .getJSDocCommentsAndTags(member)
              .map((comment) => comment.getText(source))
              .join("\n");
            comments.set(name, [...(comments.get(name) ?? []), text]);
          }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return comments;
}

const comments = commentsOf();
// What is no option (MULTISITE), or is only taken for BunkerWeb's sake, has no type to speak of.
const described = describeSettings().filter(({ option, part }) => option !== "" && part !== "Redis");

test("there are settings to look at", () => {
  expect(described.length).toBeGreaterThan(50);
});

test.each(described.map((one) => [one.name, one] as const))(
  "the option of %s names it where its type is written, and states the table's default if any",
  (name, { option, default: ready }) => {
    // One type serves all providers.
    const family = name.replace(/_(?:RECAPTCHA|HCAPTCHA|TURNSTILE|MCAPTCHA|CAPJS)_/, "_<PROVIDER>_");
    const said = (comments.get(option.split(".").at(-1) as string) ?? []).filter(
      (text) => text.includes(`\`${name}\``) || text.includes(`\`${family}\``),
    );
    expect({ name, option, said: said.length > 0 }).toEqual({ name, option, said: true });
    const stated = said.flatMap((text) => /Default:? `?"?(\d+)"?`?[ .(]/.exec(text)?.[1] ?? []);
    expect({ name, stated }).toEqual({
      name,
      stated: /^\d+$/.test(ready) ? stated.map(() => ready) : stated,
    });
  },
);
