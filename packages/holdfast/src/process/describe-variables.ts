import { VARIABLES, type Variable, type VariableName } from "./variables.ts";

/** The variables as the last part of a help text. */
export function environmentHelp(names: readonly VariableName[]): string {
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => {
    const { meaning, fallback, isSecret }: Variable = VARIABLES[name];
    const file = isSecret === true ? ` (or ${name}_FILE, a file that holds it)` : "";
    return `  ${name.padEnd(width)}  ${meaning}${file}${fallback === undefined ? "" : ` (${fallback})`}\n`;
  });
  return `Environment:\n${lines.join("")}`;
}

/** The variables as a table of Markdown: all of them, and who reads which. */
export function environmentTable(readers: Readonly<Record<string, readonly VariableName[]>>): string {
  const rows = Object.entries<Variable>(VARIABLES).map(([name, { meaning, fallback, isRequired }]) => {
    const who = Object.entries(readers).flatMap(([reader, names]) => (names.some((it) => it === name) ? [reader] : []));
    const value = fallback === undefined ? (isRequired === true ? "required" : "") : `\`${fallback}\``;
    return `| \`${name}\` | ${value} | ${meaning} | ${who.join(", ")} |`;
  });
  return ["| variable | default | meaning | read by |", "|---|---|---|---|", ...rows].join("\n");
}
