/**
 * Replaces the names that scripts are written with by places: an argument by
 * its place among the arguments, a column by its place in the row.
 *
 * A table with names costs Lua ten times what a list costs, on every call. So
 * rows are lists, and a variable that is named after a row (`hold`,
 * `next_hold`, `c.head`) is one: `hold.token` is written, `hold[4]` runs.
 */
import { BLOB_KEYS, INBOX_KEYS, SESSION_KEYS } from "../src/layout/keys.ts";
import type { ScriptArgument, ScriptHeader } from "./parse-header.ts";

/** Columns by row, in order. */
export type RowColumns = ReadonlyMap<string, readonly string[]>;

/** Text of a script without comments and empty lines. */
export function withoutComments(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+-- .*$/, ""))
    .filter((line) => line.trim() !== "" && !line.trimStart().startsWith("--"))
    .join("\n");
}

/**
 * Refuses what would read `nil` without a word, because only a variable that is named after a row has columns: a
 * column read straight off a call, and a row in a variable of another name.
 */
export function assertRowNames(name: string, text: string, rows: RowColumns): void {
  const code = text.replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
  const columns = new Set([...rows.values()].flat());
  for (const { fn, column } of readsOffCalls(code)) {
    if (fn !== "cjson.decode" && columns.has(column)) {
      throw new Error(`${name}.lua reads ${column} off a call of ${fn}: put the row into a variable named after it`);
    }
  }
  for (const [, variable = "", row = ""] of code.matchAll(/(?<!,\s*|[\w.])([\w.]+)\s*=\s*(?:decode|blank)_(\w+)\(/g)) {
    const isNamed = new RegExp(String.raw`(?:^|\.)(?:[a-z]+_)*${row}$`).test(variable);
    if (rows.has(row) && !isNamed) throw new Error(`${name}.lua: ${variable} is a ${row} and is not named after it`);
  }
}

/** Every `fn(...).column`, whatever stands between the parentheses. */
function readsOffCalls(code: string): readonly { readonly fn: string; readonly column: string }[] {
  return [...code.matchAll(/\)\.(\w+)/g)].map(({ index, 1: column = "" }) => {
    let depth = 0;
    let at = index;
    for (; at >= 0; at -= 1) {
      if (code[at] === ")") depth += 1;
      if (code[at] === "(") depth -= 1;
      if (depth === 0) break;
    }
    return { fn: /[\w.:]*$/.exec(code.slice(0, Math.max(0, at)))?.[0] ?? "", column };
  });
}

/**
 * Replaces the columns of rows, and `PLACE.hold.token` by the place alone.
 * Throws on a column that the row does not have.
 */
export function inlineColumns(name: string, text: string, rows: RowColumns): string {
  assertRowNames(name, text, rows);
  const named = new RegExp(String.raw`\bPLACE\.(\w+)\.(\w+)`, "g");
  const column = new RegExp(String.raw`(?<!\w)((?:[a-z]+_)*(${[...rows.keys()].join("|")}))\.(\w+)`, "g");
  const placeOf = (row: string, wanted: string): number => {
    const place = (rows.get(row) ?? []).indexOf(wanted) + 1;
    if (place === 0) throw new Error(`${name}.lua: a ${row} has no column ${wanted}`);
    return place;
  };
  return outsideStrings(text, (code) =>
    code
      .replace(named, (_, row: string, wanted: string) => String(placeOf(row, wanted)))
      .replace(column, (_, variable: string, row: string, wanted: string) => `${variable}[${placeOf(row, wanted)}]`),
  );
}

/** Replaces `A.name` and `K.name` of a script. */
export function inlineArguments(header: ScriptHeader, text: string): string {
  const first = firstPlace(header);
  const places = new Map(
    header.arguments.map((argument, index) => [argument.name, { ...argument, place: index + first }]),
  );
  const constants = new Map(header.constants.map(({ name }, index) => [name, index + 1]));
  return outsideStrings(text, (code) =>
    code
      .replace(/\bK\.(\w+)/g, (_, key: string) => {
        const place = keysOf(header).indexOf(key) + 1;
        if (place === 0) throw new Error(`${header.name}.lua: no key ${key}`);
        return `KEYS[${place}]`;
      })
      .replace(/\bA\.(\w+)/g, (_, name: string) => {
        const argument = places.get(name);
        return argument === undefined ? `C[${constants.get(name)}]` : valueOf(argument);
      }),
  );
}

function keysOf({ keys }: ScriptHeader): readonly string[] {
  if (keys === "session") return SESSION_KEYS;
  if (keys === "blobs") return BLOB_KEYS;
  return keys === "inbox" ? INBOX_KEYS : [];
}

function valueOf({ name, type, place }: ScriptArgument & { readonly place: number }): string {
  switch (type) {
    case "number":
      return `tonumber(ARGV[${place}])`;
    case "flag":
      return `(ARGV[${place}]=="1")`;
    case "rest":
      return `rest_${name}`;
    default:
      return `ARGV[${place}]`;
  }
}

/** What a script's arguments need said before its first line. */
export function argumentBindings(header: ScriptHeader): string[] {
  const rest = header.arguments.findIndex(({ type }) => type === "rest");
  return [
    ...(header.constants.length === 0 ? [] : ["local C=constants_of(ARGV[1])"]),
    ...(rest < 0 ? [] : [`local rest_${header.arguments[rest]?.name}={unpack(ARGV,${rest + firstPlace(header)})}`]),
  ];
}

/** The constants travel first, as one text. */
function firstPlace({ constants }: ScriptHeader): number {
  return constants.length === 0 ? 1 : 2;
}

/** Changes code and leaves quoted text as it is. */
function outsideStrings(text: string, change: (code: string) => string): string {
  return text
    .split(/("(?:[^"\\\n]|\\.)*")/)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join("");
}
