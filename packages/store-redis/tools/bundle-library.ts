/** Puts the library of scripts together: codecs, constants, machine rows, fragments, scripts. */
import { KEPT_DELIVERIES, KEPT_REQUESTS, KEPT_SCOPES, SCRIPT_BATCH } from "../../contracts/src/defaults.ts";
import { AbandonReason } from "../../contracts/src/outcome.ts";
import type { CompiledMachine } from "../../domain/src/machine/compile-table.ts";
import {
  INPUT_TABLE,
  OBLIGATION_TABLE,
  OPERATION_TABLE,
  RUN_TABLE,
  SESSION_TABLE,
} from "../../domain/src/machine/machines.ts";
import {
  DEFAULT_MAX_COMPLETED,
  FEED_PER_COMPLETED,
  LEAST_FEED,
  LOST_OUTCOME,
  OPERATION_KIND_RULES,
  type OperationKindRule,
} from "../../domain/src/operation/operation-kinds.ts";
import { GENESIS_DIGEST } from "../../domain/src/receipt/digest.ts";
import { CANCEL_RANKS } from "../../domain/src/run/cancel-mode.ts";
import { RECEIPT_RESULTS, SETTLEMENT_EVENTS } from "../../domain/src/run/settlement.ts";
import { CONTROL_GOALS } from "../../domain/src/session/control-goals.ts";
import { TOMBSTONE_FIELDS } from "../src/layout/fields.ts";
import { BLOBS_SUFFIX, INBOX_SUFFIX, SCHEDULES_SUFFIX } from "../src/layout/keys.ts";
import { ROWS, type RowLayout } from "../src/layout/rows.ts";
import { argumentBindings, inlineArguments, inlineColumns, type RowColumns, withoutComments } from "./inline-names.ts";
import type { ScriptHeader } from "./parse-header.ts";

const MACHINES: Readonly<Record<string, CompiledMachine>> = {
  session: SESSION_TABLE,
  input: INPUT_TABLE,
  run: RUN_TABLE,
  obligation: OBLIGATION_TABLE,
  operation: OPERATION_TABLE,
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

function operationRules(): string {
  const kindsThat = (fact: keyof OperationKindRule): string => {
    const kinds = Object.entries(OPERATION_KIND_RULES).flatMap(([kind, rule]) => (rule[fact] ? [kind] : []));
    return luaTable(trueFor(kinds));
  };
  const entries = [
    `initial=${JSON.stringify(OPERATION_TABLE.initial)}`,
    `peer=${kindsThat("isPeerExpected")}`,
    `waking=${kindsThat("isWaking")}`,
    `maxCompleted=${DEFAULT_MAX_COMPLETED}`,
    `leastFeed=${LEAST_FEED}`,
    `feedPerCompleted=${FEED_PER_COMPLETED}`,
    `lost=${JSON.stringify(LOST_OUTCOME)}`,
  ];
  return `{${entries.join(",")}}`;
}

/** Constants that fragments and bodies may name. */
const CONSTANTS: Readonly<Record<string, () => string>> = {
  GENESIS_DIGEST: () => JSON.stringify(GENESIS_DIGEST),
  SESSION_INITIAL: () => JSON.stringify(SESSION_TABLE.initial),
  SESSION_FINAL: () => luaTable(trueFor(SESSION_TABLE.finalStates)),
  INPUT_INITIAL: () => JSON.stringify(INPUT_TABLE.initial),
  INPUT_FINAL: () => luaTable(trueFor(INPUT_TABLE.finalStates)),
  RUN_INITIAL: () => JSON.stringify(RUN_TABLE.initial),
  RUN_FINAL: () => luaTable(trueFor(RUN_TABLE.finalStates)),
  OBLIGATION_INITIAL: () => JSON.stringify(OBLIGATION_TABLE.initial),
  REASON: () => luaTable(Object.fromEntries(AbandonReason.options.map((reason) => [reason, reason]))),
  SETTLEMENT_EVENTS: () => luaTable(SETTLEMENT_EVENTS),
  RECEIPT_RESULTS: () => luaTable(RECEIPT_RESULTS),
  CONTROL_GOALS: () => luaTable(CONTROL_GOALS as Record<string, string>),
  KEPT_DELIVERIES: () => String(KEPT_DELIVERIES),
  KEPT_REQUESTS: () => String(KEPT_REQUESTS),
  KEPT_SCOPES: () => String(KEPT_SCOPES),
  BLOBS_SUFFIX: () => JSON.stringify(BLOBS_SUFFIX),
  INBOX_SUFFIX: () => JSON.stringify(INBOX_SUFFIX),
  SCHEDULES_SUFFIX: () => JSON.stringify(SCHEDULES_SUFFIX),
  CANCEL_RANKS: () =>
    `{${Object.entries(CANCEL_RANKS)
      .map(([mode, rank]) => `${mode}=${rank}`)
      .join(",")}}`,
  KEPT_FIELDS: () => luaTable(trueFor(TOMBSTONE_FIELDS)),
  OPERATION_RULES: () => operationRules(),
  SCRIPT_BATCH: () => String(SCRIPT_BATCH),
};

/** Columns that scripts add to a row while they work with it; they are not stored. */
const WORKING_COLUMNS: Readonly<Record<string, readonly string[]>> = { entry: ["lane", "place"] };

/** Every column of every row by its place, as sources name it. */
const ROW_COLUMNS: RowColumns = new Map(
  Object.entries(ROWS).map(([name, layout]) => [name, [...Object.keys(layout), ...(WORKING_COLUMNS[name] ?? [])]]),
);

const BLANKS = { t: '""', n: "0", b: "false" } as const;

// A row of an earlier version ends sooner: what it could not say is blank.
const COMPLETE = "local function complete(r, blank) for i = #r + 1, #blank do r[i] = blank[i] end return r end";

// Rows are packed binary: writing and reading numbers as text cost more than the rest of a script.
function codecOf(name: string, layout: RowLayout): string[] {
  const types = Object.values(layout);
  const last = types.length;
  return [
    `local function blank_${name}() return {${types.map((type) => BLANKS[type]).join(",")}} end`,
    decoderOf(name, last),
    `local function encode_${name}(r) return pack_row(unpack(r,1,${last})) end`,
  ];
}

/** The codecs of the rows that a text names, but for those it finds already. */
function codecsFor(text: string, there: string): string[] {
  return Object.entries<RowLayout>(ROWS).flatMap(([name, layout]) => {
    const named = new RegExp(`\\b(?:blank|decode|encode)_${name}\\b`);
    return named.test(text) && !named.test(there) ? codecOf(name, layout) : [];
  });
}

function decoderOf(name: string, last: number): string {
  const completed = `complete(r,blank_${name}())`;
  return `local function decode_${name}(raw) local r={unpack_row(raw)} return r[${last}]~=nil and r or ${completed} end`;
}

/** Rows of a machine for the events that scripts raise; an event nobody raises has no row. */
function rows(headers: readonly ScriptHeader[]): string[] {
  return Object.entries(MACHINES).map(([name, machine]) => {
    const raised = new Set(headers.flatMap((header) => header.raises.get(name) ?? []));
    const unknown = [...raised].filter((event) => machine.eventFacts[event] === undefined);
    if (unknown.length > 0) throw new Error(`unknown events of machine ${name}: ${unknown.join(", ")}`);
    const selected = Object.entries(machine.rows).filter(([key]) => raised.has(key.split("|")[1] as string));
    return `local ${name.toUpperCase()}_ROWS=${nestedRows(selected)}`;
  });
}

/** Rows by event, state and facts: three looks into tables cost less than one key put together. */
function nestedRows(selected: readonly (readonly [key: string, row: string])[]): string {
  const nested: Record<string, Record<string, string[]>> = {};
  for (const [key, row] of selected) {
    const [state, event, bits] = key.split("|") as [string, string, string];
    const [next, effects = ""] = row.split(":");
    const list = effects === "" ? [] : effects.split(",").map((effect) => JSON.stringify(effect));
    nested[event] ??= {};
    const rowsOfState = (nested[event][state] ??= []);
    rowsOfState.push(`[${JSON.stringify(bits)}]={next=${JSON.stringify(next)},effects={${list.join(",")}}}`);
  }
  const events = Object.entries(nested).map(([event, byState]) => {
    const states = Object.entries(byState).map(([state, rows]) => `[${JSON.stringify(state)}]={${rows.join(",")}}`);
    return `[${JSON.stringify(event)}]={${states.join(",")}}`;
  });
  return `{${events.join(",")}}`;
}

/** Fragments in an order in which each finds what it calls. */
export const FRAGMENT_ORDER = [
  "constants",
  "clock",
  "step",
  "session",
  "ring",
  "lane",
  "input",
  "run",
  "due",
  "continuation",
  "operation",
  "attempt",
  "drop",
  "settlement",
  "select",
  "stage",
  "retention",
  "trim",
  "steer",
  "standing",
  "arrival",
  "letter",
  "cancel",
  "admission",
  "reply",
  "claim",
  "advance",
  "labels",
  "control",
  "drain",
  "inbox",
  "obligations",
  "unregister",
] as const;

/**
 * A function has room for 200 locals, the library is one, and it has more names
 * than that: what at most so many scripts use stands in a block with each of them.
 */
const MOST_COPIES = 5;

const MOST_LOCALS = 200;

function assertRoom(name: string, text: string): void {
  const count = [...text.matchAll(/^local (?:function \w+|[\w,]+)/gm)].flatMap(([names]) => names.split(",")).length;
  if (count > MOST_LOCALS) throw new Error(`${name}.lua sees ${count} locals, and there is room for ${MOST_LOCALS}`);
}

/** What Lua has, and words that may stand before a parenthesis. */
const BUILT_IN = new Set([
  "error",
  "find",
  "floor",
  "format",
  "function",
  "gmatch",
  "if",
  "ipairs",
  "match",
  "max",
  "min",
  "next",
  "pairs",
  "type",
  "pcall",
  "select",
  "string",
  "sub",
  "tonumber",
  "tostring",
  "unpack",
  "unpack_row",
  "pack_row",
  "while",
  "and",
  "or",
  "not",
  "return",
  "in",
  "elseif",
]);

/** A script that calls what no fragment it uses defines would fail only when that line runs. */
function assertDefined(name: string, text: string): void {
  // By itself, as what another function returns, or as a parameter.
  const definitions = /\bfunction (\w+)\(|\b(\w+) = \w+\(function\b/g;
  const defined = new Set([...text.matchAll(definitions)].map(([, own, made]) => own ?? made));
  for (const [, parameter] of text.matchAll(/\bfunction \w+\((\w+)\)/g)) defined.add(parameter);
  const called = [...text.replace(/"[^"]*"/g, '""').matchAll(/(?<![.\w:])([a-z_]\w*)\(/g)].map(
    ([, fn]) => fn as string,
  );
  const unknown = [...new Set(called)].filter((fn) => !defined.has(fn) && !BUILT_IN.has(fn));
  if (unknown.length > 0) throw new Error(`${name} calls ${unknown.join(", ")} without using the fragment that has it`);
}

/** A fragment that a script names and does without would tell its reader of rules that do not concern it. */
function assertUsed({ name, uses, body }: ScriptHeader, fragments: ReadonlyMap<string, string>): void {
  const idle = uses.filter((use) => {
    const others = uses.filter((other) => other !== use).map((other) => fragments.get(other) as string);
    const called = withoutComments([body, ...others].join("\n"));
    // What the generator itself calls, where a script takes constants.
    const isCalled = (it: string) => new RegExp(`\\b${it}\\b`).test(called);
    return use !== "constants" && !namesOf(fragments.get(use) as string).some(isCalled);
  });
  if (idle.length > 0) throw new Error(`${name}.lua uses ${idle.join(", ")} and calls nothing of it`);
}

/** Everything a fragment defines. */
function namesOf(fragment: string): string[] {
  return [...fragment.matchAll(/^local (?:function )?(\w+)/gm)].map(([, name]) => name as string);
}

/** A fragment in a block of its own, from which only what others name is seen: what it alone names takes no room. */
function enclose(name: string, fragments: ReadonlyMap<string, string>, bodies: string): string {
  const text = withoutComments(fragments.get(name) as string);
  const others = [...fragments].flatMap(([other, body]) => (other === name ? [] : [body]));
  // The generator itself names what takes the constants of a call apart.
  const outside = withoutComments(["constants_of", bodies, ...others].join("\n"));
  const seen = namesOf(text).filter((own) => new RegExp(`\\b${own}\\b`).test(outside));
  if (seen.length === namesOf(text).length) return inlineColumns(name, text, ROW_COLUMNS);
  const opened = text.replace(/^local (function )?(\w+)/gm, (line, isFunction: string | undefined, own: string) => {
    return seen.includes(own) ? `${isFunction ?? ""}${own}` : line;
  });
  const inner = inlineColumns(name, opened, ROW_COLUMNS).replace(/^/gm, " ");
  return [...(seen.length === 0 ? [] : [`local ${seen.join(",")}`]), "do", inner, "end"].join("\n");
}

/** A script that raises an event it does not declare would find no row for it. */
function assertRaised(header: ScriptHeader): void {
  const events = Object.values(MACHINES).flatMap((machine) => Object.keys(machine.eventFacts));
  const declared = new Set([...header.raises.values()].flat());
  const quoted = [...header.body.matchAll(/"([a-z]+\.[a-z_]+)"/g)].map(([, event]) => event as string);
  const missing = quoted.filter((event) => events.includes(event) && !declared.has(event));
  if (missing.length > 0) throw new Error(`${header.name}.lua raises ${missing.join(", ")} without declaring it`);
}

function scriptFunction(header: ScriptHeader): string {
  const body = inlineArguments(header, inlineColumns(header.name, withoutComments(header.body), ROW_COLUMNS));
  const lines = ["if not pack_row then bind() end", ...argumentBindings(header), body].join("\n");
  return `SCRIPTS["${header.name}"]=function(KEYS,ARGV)\n${lines}\nend`;
}

/**
 * The library: codecs, constants, machine rows and fragments once, and one
 * function per script in the table `SCRIPTS`. Loading it declares everything;
 * calling a script costs nothing but the script.
 */
export function bundleLibrary(headers: readonly ScriptHeader[], fragments: ReadonlyMap<string, string>): string {
  const allCodecs = [COMPLETE, ...Object.entries<RowLayout>(ROWS).flatMap(([name, layout]) => codecOf(name, layout))];
  for (const header of headers) {
    assertRaised(header);
    const used = header.uses.map((name) => {
      const fragment = fragments.get(name);
      if (fragment === undefined) throw new Error(`${header.name}.lua uses an unknown fragment: ${name}`);
      return fragment;
    });
    assertDefined(`${header.name}.lua`, [...allCodecs, ...used, withoutComments(header.body)].join("\n"));
    assertUsed(header, fragments);
  }
  const fragmentOf = (name: string) => enclose(name, fragments, headers.map(({ body }) => body).join("\n"));
  const isShared = (name: string) => headers.filter(({ uses }) => uses.includes(name)).length > MOST_COPIES;
  const shared = FRAGMENT_ORDER.filter(isShared).map(fragmentOf);
  assertDefined("what all scripts share", [...allCodecs, ...shared].join("\n"));
  const sharedCodecs = codecsFor(shared.join("\n"), "");
  const constants = Object.entries(CONSTANTS).map(([name, render]) => `local ${name}=${render()}`);
  const top = [
    // Bound by the first call: a library is loaded without the globals that its functions see.
    "local pack_row,unpack_row,format",
    "local function bind() pack_row,unpack_row,format=cmsgpack.pack,cmsgpack.unpack,string.format end",
    COMPLETE,
    ...sharedCodecs,
    ...constants,
    ...rows(headers),
    ...shared,
    "local SCRIPTS={}",
  ].join("\n");
  return [
    top,
    ...headers.flatMap((header) => {
      const own = FRAGMENT_ORDER.filter((name) => header.uses.includes(name) && !isShared(name)).map(fragmentOf);
      const script = scriptFunction(header);
      const codecs = codecsFor([...own, script].join("\n"), sharedCodecs.join("\n"));
      assertRoom(header.name, [top, ...codecs, ...own].join("\n"));
      return ["do", ...codecs, ...own, script, "end"];
    }),
    "",
  ].join("\n");
}
