/** Reads the header of a script; every section a script needs must be there, and say what the script does. */

/** An argument of a script. */
export interface ScriptArgument {
  readonly name: string;
  readonly type: "text" | "bytes" | "number" | "flag" | "rest";
}

/** What is the same for every call of a process: sent as one text, taken apart once. */
export interface ScriptConstant {
  readonly name: string;
  readonly type: "text" | "number";
}

/** What a header declares. */
export interface ScriptHeader {
  readonly name: string;
  readonly keys: "session" | "inbox" | "blobs" | "bucket" | "due indexes" | "hold pairs: session, due";
  readonly arguments: readonly ScriptArgument[];
  readonly constants: readonly ScriptConstant[];
  /** Machine → events the script raises. */
  readonly raises: ReadonlyMap<string, readonly string[]>;
  readonly uses: readonly string[];
  readonly mayExceedMemory: boolean;
  /** It reads the store's clock, the only one a script trusts. */
  readonly isTimed: boolean;
  readonly replyTags: readonly string[];
  /** The script without its header. */
  readonly body: string;
}

const ARGUMENT = /^\s{4}(\w+)\s+(text|bytes|number|flag|rest)\b/;
const CONSTANT = /^\s{4}(\w+)\s+(text|number)\b/;

function fail(name: string, message: string): never {
  throw new Error(`${name}.lua: ${message}`);
}

function section(header: string, title: string): string | null {
  const match = new RegExp(`^  ${title}(?:[ \\t]+([^\\n]*))?((?:\\n {4}[^\\n]*)*)`, "m").exec(header);
  return match === null ? null : `${match[1] ?? ""}${match[2] ?? ""}`;
}

function parseList<T extends string>(name: string, text: string | null, form: RegExp): { name: string; type: T }[] {
  if (text === null) return [];
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const match = form.exec(line);
    if (match === null) fail(name, `not an argument: "${line.trim()}"`);
    return { name: match[1] as string, type: match[2] as T };
  });
}

function parseRaises(text: string | null): Map<string, string[]> {
  const raises = new Map<string, string[]>();
  for (const part of (text ?? "").split(";")) {
    const [machine, ...events] = part.trim().split(/[\s,]+/);
    if (machine) raises.set(machine, events);
  }
  return raises;
}

function checkUse(name: string, header: ScriptHeader): void {
  const named = [...header.arguments, ...header.constants];
  for (const argument of named) {
    if (!new RegExp(`\\bA\\.${argument.name}\\b`).test(header.body))
      fail(name, `argument ${argument.name} is not used`);
  }
  if (header.isTimed !== /\bnow\(\)/.test(header.body))
    fail(name, "Clock stands there exactly when the script reads it");
  const declared = new Set(named.map((argument) => argument.name));
  for (const [, used] of header.body.matchAll(/\bA\.(\w+)/g)) {
    if (!declared.has(used as string)) fail(name, `argument ${used} is not declared`);
  }
  const documented = new Set(header.replyTags);
  for (const [, tag] of header.body.matchAll(/return \{ "(\w+)"/g)) {
    if (!documented.has(tag as string)) fail(name, `reply tag ${tag} is not documented`);
  }
}

/** Parses a script's text. Throws with the file's name when header and script disagree. */
export function parseHeader(name: string, text: string): ScriptHeader {
  const match = /^--\[\[\n([\s\S]*?)\n\]\]\n([\s\S]*)$/.exec(text);
  if (match === null) fail(name, "has no header");
  const header = match[1] as string;
  if (!header.startsWith(`  ${name}: `)) fail(name, "the header must begin with the file's name");
  const memory = section(header, "Memory")?.trim();
  if (memory !== "refused" && memory !== "allowed") fail(name, "Memory must say refused or allowed");
  for (const title of ["Reply", "Upholds", "Cost"]) {
    if (section(header, title) === null) fail(name, `has no section ${title}`);
  }
  const parsed: ScriptHeader = {
    name,
    keys: (section(header, "Keys") ?? fail(name, "has no Keys")).trim().split(/:(?= due)/)[0] as ScriptHeader["keys"],
    arguments: parseList<ScriptArgument["type"]>(name, section(header, "Arguments"), ARGUMENT),
    constants: parseList<ScriptConstant["type"]>(name, section(header, "Constants"), CONSTANT),
    raises: parseRaises(section(header, "Raises")),
    uses: (section(header, "Uses") ?? "")
      .split(",")
      .map((use) => use.trim())
      .filter(Boolean),
    mayExceedMemory: memory === "allowed",
    isTimed: section(header, "Clock") !== null,
    replyTags: [...(section(header, "Reply") ?? "").matchAll(/\{"(\w+)"/g)].map(([, tag]) => tag as string),
    body: match[2] as string,
  };
  checkUse(name, parsed);
  return parsed;
}
