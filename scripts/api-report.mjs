// @ts-check
// Writes the public types of every entry point in package.json's "exports" to api/, one file per entry point, so that a diff
// shows changes to them. With --print the reports go to standard output as JSON, for the test that compares them.
//
// A report depends only on the types: not on the file that declares a type, on comments, on the order of members or on
// private members. It includes types that are not exported but can be reached from exported ones.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { format } from "prettier";
import ts from "typescript";
import { root } from "./run.mjs";

const FOLDER = join(root, "api");
const COMMAND = "node scripts/api-report.mjs";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/**
 * @typedef {{ subpath: string, source: string }} Entry
 * @typedef {{ text: string, mentioned: Set<ts.Symbol>, external: Map<string, string> }} Printed
 *   `external`: the names of types from other packages, with the package
 */

/** Returns every entry point with the source file that its declarations are built from. @returns {Entry[]} */
function entryPoints() {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === "object")
    .map(([subpath, { types }]) => ({
      subpath,
      source: join(root, types.replace(/^\.\/dist\//, "src/").replace(/\.d\.ts$/, ".ts")),
    }));
}

/** Returns the reports by file name. @returns {Promise<Record<string, string>>} */
async function apiReports() {
  /** @type {Map<string, Entry[]>} */
  const projects = new Map();
  for (const entry of entryPoints()) {
    // The browser code has its own tsconfig.build.json with the DOM types.
    const config = ts.findConfigFile(dirname(entry.source), ts.sys.fileExists, "tsconfig.build.json") ?? "";
    projects.set(config, [...(projects.get(config) ?? []), entry]);
  }
  /** @type {Record<string, string>} */
  const reports = {};
  for (const [config, entries] of projects) {
    const program = declarationsOf(config, entries);
    const main = entries.find(({ subpath }) => subpath === ".");
    const ofMain = main && new Surface(program, main);
    for (const entry of entries) {
      const surface = entry === main && ofMain ? ofMain : new Surface(program, entry, ofMain);
      const name = entry.subpath === "." ? "index" : entry.subpath.slice(2).replaceAll("/", "-");
      reports[`${name}.api.md`] = await surface.report();
    }
  }
  return reports;
}

/**
 * Compiles the entry points to declaration files in memory, and returns a program that reads only these.
 * @param {string} config @param {Entry[]} entries
 */
function declarationsOf(config, entries) {
  const host = ts.createCompilerHost({});
  const parsed = ts.getParsedCommandLineOfConfigFile(config, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
    },
  });
  /** @type {ts.CompilerOptions} */
  const options = {
    ...parsed?.options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    removeComments: true,
    outDir: undefined,
    rootDir: undefined,
    noCheck: true,
    stableTypeOrdering: true,
  };
  const sources = entries.map(({ source }) => source);
  const missing = sources.filter((source) => !ts.sys.fileExists(source));
  if (missing.length > 0)
    throw new Error(`package.json exports files without a source: ${missing.join(", ")}`);

  /** @type {Map<string, string>} */
  const emitted = new Map();
  const program = ts.createProgram(sources, options, host);
  program.emit(undefined, (file, text) => emitted.set(file, text), undefined, true);

  // The second program sees only the declarations, which have the inferred types and no function bodies.
  const isSource = (/** @type {string} */ file) => emitted.has(file.replace(/\.ts$/, ".d.ts"));
  const { fileExists, getSourceFile } = host;
  host.fileExists = (file) => emitted.has(file) || (!isSource(file) && fileExists(file));
  host.getSourceFile = (file, target, ...rest) => {
    const text = emitted.get(file);
    // The declarations of Node and of the language are parsed only once.
    if (text === undefined) return program.getSourceFile(file) ?? getSourceFile(file, target, ...rest);
    return ts.createSourceFile(file, text, target);
  };
  return ts.createProgram(
    sources.map((source) => source.replace(/\.ts$/, ".d.ts")),
    options,
    host,
  );
}

/** The types that one entry point exports, and those that can be reached from them. */
class Surface {
  /** @type {Map<ts.Symbol, string>} the exported types with the names that they are exported under */
  exported = new Map();
  /** @type {Map<ts.Symbol, string>} the other types, with their names in the report */
  reached = new Map();

  /** @param {ts.Program} program @param {Entry} entry @param {Surface} [main] the main entry point, whose types are not repeated */
  constructor(program, entry, main) {
    this.checker = program.getTypeChecker();
    this.subpath = entry.subpath;
    this.main = main;
    const file = program.getSourceFile(entry.source.replace(/\.ts$/, ".d.ts"));
    const symbol = file && this.checker.getSymbolAtLocation(file);
    if (!symbol) throw new Error(`${entry.source} exports nothing`);
    for (const one of this.checker.getExportsOfModule(symbol))
      this.exported.set(this.resolved(one), one.name);
    for (const one of this.exported.keys()) if (!this.inMain(one)) this.reach(one);
    this.nameApart();
  }

  /** @param {ts.Symbol} symbol */
  inMain(symbol) {
    return this.main?.exported.get(symbol);
  }

  /** @param {ts.Symbol} from */
  reach(from) {
    for (const symbol of this.print(from).mentioned) {
      if (this.exported.has(symbol) || this.reached.has(symbol)) continue;
      this.reached.set(symbol, symbol.name);
      if (!this.inMain(symbol)) this.reach(symbol);
    }
  }

  /** Numbers types of the same name, in the order of their text, because the order of the files can change. */
  nameApart() {
    /** @type {Map<string, ts.Symbol[]>} */
    const byName = new Map();
    for (const [symbol, name] of this.reached) byName.set(name, [...(byName.get(name) ?? []), symbol]);
    const taken = new Set(this.exported.values());
    for (const [name, symbols] of byName) {
      const first = taken.has(name) ? 2 : 1;
      const texts = new Map(symbols.map((symbol) => [symbol, this.print(symbol).text]));
      symbols
        .sort((a, b) => compare(texts.get(a) ?? "", texts.get(b) ?? ""))
        .forEach((symbol, at) => this.reached.set(symbol, at + first === 1 ? name : `${name}_${at + first}`));
    }
  }

  /** @param {ts.Symbol} symbol */
  resolved(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /**
   * Returns the text of all declarations of a symbol, and the types that it mentions.
   * @param {ts.Symbol} symbol @returns {Printed}
   */
  print(symbol) {
    const name = this.exported.get(symbol) ?? this.reached.get(symbol) ?? symbol.name;
    /** @type {Printed} */
    const printed = { text: "", mentioned: new Set(), external: new Map() };
    const texts = (symbol.declarations ?? []).map((declaration) => {
      if (isForeign(declaration)) return `export { ${name} } from another package;`;
      const statement = ts.isVariableDeclaration(declaration) ? asStatement(declaration) : declaration;
      return printNode(this.plain(statement, printed), declaration.getSourceFile());
    });
    return { ...printed, text: texts.join("\n") };
  }

  /**
   * Returns a copy of the node without modifiers and private members, and with names that do not depend on files.
   * @param {ts.Node} node @param {Printed} printed
   */
  plain(node, printed) {
    /** @type {(node: ts.Node) => ts.Node | undefined} */
    const visit = (one) => {
      if (ts.isIdentifier(one)) return this.identifier(one, printed);
      if (ts.isImportTypeNode(one)) return this.importType(one, printed, visit);
      if (one.kind === ts.SyntaxKind.ExportKeyword || one.kind === ts.SyntaxKind.DeclareKeyword)
        return undefined;
      if (ts.isConstructorDeclaration(one) && isPrivate(one))
        // A report shows that the constructor is private; its parameters are not public.
        return ts.factory.updateConstructorDeclaration(one, one.modifiers, [], undefined);
      if (ts.isClassElement(one) && isPrivate(one)) return undefined;
      const plain = ts.visitEachChild(one, visit, undefined);
      return sorted(plain, one.getSourceFile());
    };
    return visit(node) ?? node;
  }

  /** @param {ts.Identifier} identifier @param {Printed} printed */
  identifier(identifier, printed) {
    const found = this.checker.getSymbolAtLocation(identifier);
    const symbol = found && this.resolved(found);
    const declaration = symbol?.declarations?.[0];
    if (!found || !symbol || !declaration) return identifier;
    if (isForeign(declaration)) {
      const module = this.moduleOf(found);
      if (module) printed.external.set(identifier.text, module);
      return identifier;
    }
    if (!isTopLevel(declaration)) return identifier;
    printed.mentioned.add(symbol);
    return ts.factory.createIdentifier(this.exported.get(symbol) ?? this.reached.get(symbol) ?? symbol.name);
  }

  /**
   * Replaces `import("./file.js").Name` with `Name`.
   * @param {ts.ImportTypeNode} node @param {Printed} printed @param {(node: ts.Node) => ts.Node | undefined} visit
   */
  importType(node, printed, visit) {
    const { qualifier } = node;
    if (!qualifier || !ts.isIdentifier(qualifier)) return ts.visitEachChild(node, visit, undefined);
    const name = this.identifier(qualifier, printed);
    const { argument } = node;
    const module =
      ts.isLiteralTypeNode(argument) && ts.isStringLiteral(argument.literal) && argument.literal.text;
    if (module && !module.startsWith(".")) printed.external.set(name.text, module);
    const args = node.typeArguments?.map((arg) => /** @type {ts.TypeNode} */ (visit(arg)));
    return node.isTypeOf
      ? ts.factory.createTypeQueryNode(name, args)
      : ts.factory.createTypeReferenceNode(name, args);
  }

  /** Returns the package that a name is imported from. @param {ts.Symbol} symbol @returns {string | undefined} */
  moduleOf(symbol) {
    /** @type {ts.Symbol | undefined} */
    let one = symbol;
    while (one && one.flags & ts.SymbolFlags.Alias) {
      const from = one.declarations?.[0] && ts.findAncestor(one.declarations[0], hasModule);
      const module = from && hasModule(from) && from.moduleSpecifier;
      if (module && ts.isStringLiteral(module) && !module.text.startsWith(".")) return module.text;
      one = this.checker.getImmediateAliasedSymbol(one);
    }
    return undefined;
  }

  async report() {
    const own = [...this.exported].filter(([symbol]) => !this.inMain(symbol));
    const main = [...this.exported].flatMap(([symbol, name]) => {
      const there = this.inMain(symbol);
      return there === undefined ? [] : [there === name ? name : `${there} as ${name}`];
    });
    const inner = [...this.reached].filter(([symbol]) => !this.inMain(symbol));
    const lent = [...this.reached.keys()].flatMap((symbol) => this.inMain(symbol) ?? []);
    /** @type {Map<string, Set<string>>} */
    const foreign = new Map();
    for (const [symbol] of [...own, ...inner])
      for (const [name, module] of this.print(symbol).external)
        foreign.set(module, (foreign.get(module) ?? new Set()).add(name));

    const from = (
      /** @type {string} */ word,
      /** @type {Iterable<string>} */ names,
      /** @type {string} */ module,
    ) => `${word} { ${[...names].sort(compare).join(", ")} } from "${module}";`;
    const imports = [...foreign].map(([module, names]) => from("import", names, module));
    if (lent.length > 0) imports.push(from("import", lent, manifest.name));

    const parts = [
      `# ${manifest.name}${this.subpath.slice(1)}`,
      `Written by \`${COMMAND} --write\`. Do not edit.`,
      "## Exports",
      ...(main.length > 0 ? [await code(from("export", main, manifest.name))] : []),
      ...(own.length > 0 ? [await code(this.list(own))] : []),
      ...(inner.length > 0 ? ["## Reachable, but not exported", await code(this.list(inner))] : []),
      ...(imports.length > 0 ? ["## From elsewhere", await code(imports.sort(compare).join("\n"))] : []),
    ];
    return `${parts.join("\n\n")}\n`;
  }

  /** @param {[ts.Symbol, string][]} symbols */
  list(symbols) {
    return symbols
      .sort(([, a], [, b]) => compare(a, b))
      .map(([symbol]) => this.print(symbol).text)
      .join("\n\n");
  }
}

/** @param {string} text */
const code = async (text) =>
  `\`\`\`ts\n${await format(text, { parser: "typescript", printWidth: 110 })}\`\`\``;

/** Compares by code units, so that the order is the same on every machine. @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param {ts.Node} node @param {ts.SourceFile} file */
const printNode = (node, file) =>
  ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, file);

/** Returns whether another package or the language itself declares the node. @param {ts.Node} node */
function isForeign(node) {
  return node.getSourceFile().fileName.includes("/node_modules/");
}

/** @param {ts.Declaration} declaration */
function isTopLevel(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(statement.parent) && !ts.isSourceFile(statement);
}

/** Returns one declaration of `const a: A, b: B` as a separate statement. @param {ts.VariableDeclaration} declaration */
function asStatement(declaration) {
  const list = ts.factory.createVariableDeclarationList(
    [declaration],
    declaration.parent.flags & ts.NodeFlags.BlockScoped,
  );
  return ts.setTextRange(ts.factory.createVariableStatement([], list), declaration);
}

/** @param {ts.ClassElement} member */
function isPrivate(member) {
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  return (
    (member.name && ts.isPrivateIdentifier(member.name)) ||
    modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  );
}

/** @type {(node: ts.Node) => node is ts.ImportDeclaration | ts.ExportDeclaration} */
const hasModule = (node) => ts.isImportDeclaration(node) || ts.isExportDeclaration(node);

/**
 * Returns the node with sorted members and sorted unions, whose order has no meaning. Overloads keep their order.
 * @param {ts.Node} node @param {ts.SourceFile} file @returns {ts.Node}
 */
function sorted(node, file) {
  const { factory } = ts;
  const name = (/** @type {ts.TypeElement | ts.ClassElement} */ member) =>
    member.name ? printNode(member.name, file) : "";
  const byName = (
    /** @type {ts.TypeElement | ts.ClassElement} */ a,
    /** @type {ts.TypeElement | ts.ClassElement} */ b,
  ) => compare(name(a), name(b));
  if (ts.isInterfaceDeclaration(node))
    return factory.updateInterfaceDeclaration(
      node,
      node.modifiers,
      node.name,
      node.typeParameters,
      node.heritageClauses,
      [...node.members].sort(byName),
    );
  if (ts.isClassDeclaration(node))
    return factory.updateClassDeclaration(
      node,
      node.modifiers,
      node.name,
      node.typeParameters,
      node.heritageClauses,
      [...node.members].sort(byName),
    );
  if (ts.isTypeLiteralNode(node))
    return factory.updateTypeLiteralNode(node, factory.createNodeArray([...node.members].sort(byName)));
  if (ts.isUnionTypeNode(node)) {
    const text = (/** @type {ts.TypeNode} */ type) => {
      const printed = printNode(type, file);
      return /^(null|undefined)$/.test(printed) ? `~${printed}` : printed;
    };
    const types = [...node.types].sort((a, b) => compare(text(a), text(b)));
    return factory.updateUnionTypeNode(node, factory.createNodeArray(types));
  }
  return node;
}

const reports = await apiReports();
if (process.argv[2] === "--print") process.stdout.write(JSON.stringify(reports));
else if (process.argv[2] === "--write") {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of readdirSync(FOLDER)) if (!(file in reports)) rmSync(join(FOLDER, file));
  for (const [file, text] of Object.entries(reports)) writeFileSync(join(FOLDER, file), text);
  console.log(`wrote ${Object.keys(reports).length} reports to ${relative(root, FOLDER)}/`);
} else {
  console.log(`usage: ${COMMAND} --write | --print`);
  process.exitCode = 64;
}
