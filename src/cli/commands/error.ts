import { nearestName } from "../../options/table.js";
import { JSON_OPTION, type Command } from "../command.js";
import { errorPages } from "../error-pages.js";
import { CliError, EXIT } from "../exit-code.js";
import { wrapped } from "../help.js";
import { printTable } from "../table.js";

export const errorCommand: Command = {
  name: "error",
  takes: "[code]",
  operands: [0, 1],
  summary: "explains an error or warning code; without one, lists all codes",
  options: [JSON_OPTION],
  notes: ["It needs no network and no running app."],
  examples: ["error WRN_BUNKER_PROXY", "error"],
  run(args, terminal) {
    const pages = errorPages();
    const [name] = args.operands;
    if (name === undefined) {
      const summaries = [...pages].map(([code, [first = ""]]) => [code, firstSentence(first)] as const);
      if (args.has("json")) terminal.printJson(Object.fromEntries(summaries));
      else printTable(terminal, ["CODE", "MEANING"], summaries);
      return Promise.resolve(EXIT.ok);
    }
    const code = name.toUpperCase();
    const paragraphs = pages.get(code);
    if (paragraphs === undefined) {
      const codes = [...pages.keys()];
      const nearest = nearestName(code, codes);
      const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      const list = codes.map((known) => `  ${known}`).join("\n");
      throw new CliError(
        `there is no code "${name.slice(0, 64)}"${meant} The codes are:\n${list}`,
        EXIT.usage,
      );
    }
    if (args.has("json")) terminal.printJson({ code, text: paragraphs.join("\n\n") });
    else terminal.print([terminal.styled("bold", code), ...paragraphs.map(wrapped)].join("\n\n"));
    return Promise.resolve(EXIT.ok);
  },
};

function firstSentence(text: string): string {
  return /^.*?[.:](?= |$)/.exec(text)?.[0] ?? text;
}
