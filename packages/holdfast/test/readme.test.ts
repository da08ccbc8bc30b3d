import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What the examples take for granted. */
const GIVEN = `
declare const model: {
  answer(state: unknown, inputs: readonly unknown[], signal: AbortSignal): Promise<string>;
  stream(inputs: readonly unknown[], signal: AbortSignal): AsyncIterable<string>;
};
declare function show(offset: number, chunk: unknown): void;
declare function forgetFrom(offset: number): void;
declare function remember(state: unknown, inputs: readonly unknown[], answer: string): unknown;
`;

function examplesIn(page: string): string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
}

/** What the compiler says about a module that stands beside the tests. */
function faultsOf(code: string): string[] {
  const file = fileURLToPath(new URL("readme-example.ts", import.meta.url));
  const { config } = ts.readConfigFile(`${root}tsconfig.base.json`, (name) => ts.sys.readFile(name));
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noEmit: true }, root);
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === file || disk.fileExists(name),
    getSourceFile: (name, version) => {
      return name === file ? ts.createSourceFile(name, `${GIVEN}${code}`, version) : disk.getSourceFile(name, version);
    },
  };
  const program = ts.createProgram([file], options, host);
  // The module alone: the workspace's own files are checked elsewhere.
  const source = program.getSourceFile(file);
  const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

it("shows code that compiles in the README", () => {
  const examples = examplesIn(readFileSync(`${root}README.md`, "utf8"));

  expect(examples).toHaveLength(2);
  expect(examples.flatMap(faultsOf)).toEqual([]);
});

it("notices code that does not", () => {
  expect(faultsOf('import { createHoldfast } from "holdfast";\nawait createHoldfast({ reddis: "" });\n')).toHaveLength(
    1,
  );
});
