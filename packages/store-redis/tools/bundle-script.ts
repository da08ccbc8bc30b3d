/** Puts a script together: flags, codecs, constants, machine rows, fragments, bindings, body. */
import { AbandonReason } from "../../contracts/src/outcome.ts";
import {
  INPUT_TABLE,
  RUN_TABLE,
  SESSION_TABLE,
} from "../../domain/src/machine/machines.ts";
import type { CompiledMachine } from "../../domain/src/machine/compile-table.ts";
import { GENESIS_DIGEST } from "../../domain/src/receipt/digest.ts";
import { RECEIPT_RESULTS, SETTLEMENT_EVENTS } from "../../domain/src/run/settlement.ts";
import { CONTROL_GOALS } from "../../domain/src/session/control-goals.ts";
import { TOMBSTONE_FIELDS } from "../src/layout/fields.ts";
import { ROWS, type RowLayout } from "../src/layout/rows.ts";
import type { ScriptHeader } from "./parse-header.ts";

const MACHINES: Readonly<Record<string, CompiledMachine>> = {
  session: SESSION_TABLE,
  input: INPUT_TABLE,
  run: RUN_TABLE,
};

function luaTable(entries: Readonly<Record<string, string | boolean>>): string {
  const pairs = Object.entries(entries).map(([key, value]) => {
    return `[${JSON.stringify(key)}]=${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
  });
  return `{${pairs.join(",")}}`;
}

function trueFor(names: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** Constants that fragments and bodies may name; only those named are inlined. */
const CONSTANTS: Readonly<Record<string, () => string>> = {
  GENESIS_DIGEST: () => JSON.stringify(GENESIS_DIGEST),
  SESSION_INITIAL: () => JSON.stringify(SESSION_TABLE.initial),
  SESSION_FINAL: () => luaTable(trueFor(SESSION_TABLE.finalStates)),
  INPUT_INITIAL: () => JSON.stringify(INPUT_TABLE.initial),
  INPUT_FINAL: () => luaTable(trueFor(INPUT_TABLE.finalStates)),
  RUN_INITIAL: () => JSON.stringify(RUN_TABLE.initial),
  RUN_FINAL: () => luaTable(trueFor(RUN_TABLE.finalStates)),
  REASON: () => luaTable(Object.fromEntries(AbandonReason.options.map((reason) => [reason, reason]))),
  SETTLEMENT_EVENTS: () => luaTable(SETTLEMENT_EVENTS),
  RECEIPT_RESULTS: () => luaTable(RECEIPT_RESULTS),
  CONTROL_GOALS: () => luaTable(CONTROL_GOALS as Record<string, string>),
  KEPT_FIELDS: () => luaTable(trueFor(TOMBSTONE_FIELDS)),
};

function luaRead(type: string, variable: string): string {
  if (type === "n") return `tonumber(${variable})`;
  return type === "b" ? `${variable}=="1"` : variable;
}

function decoder(name: string, layout: RowLayout): string {
  const columns = Object.entries(layout);
  const variables = columns.map((_, index) => `v${index}`);
  const pattern = `^${columns.map(() => "([^|]*)").join("|")}$`;
  const fields = columns.map(([column, type], index) => `${column}=${luaRead(type, `v${index}`)}`);
  return `local function decode_${name}(raw) local ${variables.join(",")}=string.match(raw,"${pattern}") return {${fields.join(",")}} end`;
}

function encoder(name: string, layout: RowLayout): string {
  const parts = Object.entries(layout).map(([column, type]) => {
    return type === "b" ? `(r.${column} and "1" or "")` : `r.${column}`;
  });
  return `local function encode_${name}(r) return table.concat({${parts.join(",")}},"|") end`;
}

function codecs(text: string): string[] {
  return Object.entries(ROWS).flatMap(([name, layout]) => [
    ...(text.includes(`decode_${name}(`) ? [decoder(name, layout)] : []),
    ...(text.includes(`encode_${name}(`) ? [encoder(name, layout)] : []),
  ]);
}

function rows(header: ScriptHeader, text: string): string[] {
  return Object.entries(MACHINES).flatMap(([name, machine]) => {
    const variable = `${name.toUpperCase()}_ROWS`;
    if (!text.includes(variable)) return [];
    const raised = header.raises.get(name) ?? [];
    const unknown = raised.filter((event) => machine.eventFacts[event] === undefined);
    if (unknown.length > 0) throw new Error(`${header.name}.lua raises unknown events of ${name}: ${unknown.join(", ")}`);
    const selected = Object.entries(machine.rows).filter(([key]) => raised.includes(key.split("|")[1] as string));
    return [`local ${variable}=${luaTable(Object.fromEntries(selected))}`];
  });
}

function bindings(header: ScriptHeader): string[] {
  const fields = header.arguments.map(({ name, type }, index) => {
    const value = `ARGV[${index + 1}]`;
    if (type === "rest") return `${name}={unpack(ARGV,${index + 1})}`;
    if (type === "number") return `${name}=tonumber(${value})`;
    return `${name}=${type === "flag" ? `${value}=="1"` : value}`;
  });
  const keys = header.keys === "session" ? ["local K={session=KEYS[1],later=KEYS[2],due=KEYS[3],meta=KEYS[4],index=KEYS[5]}"] : [];
  return [...keys, `local A={${fields.join(",")}}`];
}

function withoutComments(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+-- .*$/, ""))
    .filter((line) => line.trim() !== "" && !line.trimStart().startsWith("--"))
    .join("\n");
}

const BUILT_IN = new Set([
  "error", "find", "floor", "function", "gmatch", "if", "ipairs", "match", "max", "min", "next", "pairs", "select",
  "string", "sub", "tonumber", "tostring", "unpack", "while", "and", "or", "not", "return", "in", "elseif",
]);

/** A script that calls what no fragment it uses defines would fail only when that line runs. */
function assertDefined(name: string, text: string): void {
  const defined = new Set([...text.matchAll(/\blocal function (\w+)\(/g)].map(([, fn]) => fn as string));
  const called = [...text.replace(/"[^"]*"/g, '""').matchAll(/(?<![.\w:])([a-z_]\w*)\(/g)].map(([, fn]) => fn as string);
  const unknown = [...new Set(called)].filter((fn) => !defined.has(fn) && !BUILT_IN.has(fn) && fn !== "fn");
  if (unknown.length > 0) throw new Error(`${name}.lua calls ${unknown.join(", ")} without using the fragment that has it`);
}

/** The source that is sent to Redis. The first line declares its memory behaviour. */
export function bundle(options: {
  readonly header: ScriptHeader;
  readonly body: string;
  readonly fragments: ReadonlyMap<string, string>;
}): string {
  const { header, body, fragments } = options;
  const used = header.uses.map((name) => {
    const fragment = fragments.get(name);
    if (fragment === undefined) throw new Error(`${header.name}.lua uses an unknown fragment: ${name}`);
    return withoutComments(fragment);
  });
  const text = [...used, withoutComments(body)].join("\n");
  const constants = Object.entries(CONSTANTS)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(text))
    .map(([name, render]) => `local ${name}=${render()}`);
  const declarations = [...codecs(text), ...constants, ...rows(header, text)];
  assertDefined(header.name, [...declarations, text].join("\n"));
  const flags = header.mayExceedMemory ? "#!lua flags=allow-oom" : "#!lua";
  return [flags, ...declarations, ...bindings(header), text, ""].join("\n");
}
