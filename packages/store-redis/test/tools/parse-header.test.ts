import { describe, expect, it } from "vitest";
import { parseHeader } from "../../tools/parse-header.ts";
import { SCRIPT_FILES } from "./read-lua.ts";

const VALID = `--[[
  count-things: count things of a kind.

  Keys session

  Arguments
    kind   text    what is counted
    limit  number  at most 100

  Reply
    {"counted", n}
    {"missing"}

  Raises   session input.admit, run.stage; input input.queue
  Uses     clock, session
  Upholds  L1
  Memory   refused
  Cost     O(limit)
]]
if A.limit == 0 then return { "missing" } end
return { "counted", redis.call("HLEN", K.session .. A.kind) }
`;

/** The valid script with a part replaced, which must be there. */
function changed(part: string, replacement: string): string {
  expect(VALID).toContain(part);
  return VALID.replace(part, replacement);
}

function parsing(text: string): () => unknown {
  return () => parseHeader("count-things", text);
}

describe("a header that says what its script does", () => {
  it("is read", () => {
    const header = parseHeader("count-things", VALID);

    expect(header).toMatchObject({
      name: "count-things",
      keys: "session",
      arguments: [
        { name: "kind", type: "text" },
        { name: "limit", type: "number" },
      ],
      uses: ["clock", "session"],
      mayExceedMemory: false,
      replyTags: ["counted", "missing"],
    });
    expect([...header.raises]).toEqual([
      ["session", ["input.admit", "run.stage"]],
      ["input", ["input.queue"]],
    ]);
    expect(header.body).not.toContain("--[[");
  });

  it("names what a process never changes", () => {
    const text = changed(
      "  Arguments\n",
      "  Constants\n    leaseMs  number\n    node     text\n\n  Arguments\n",
    ).replace("A.limit == 0", "A.limit == A.leaseMs and A.node");

    expect(parseHeader("count-things", text).constants).toEqual([
      { name: "leaseMs", type: "number" },
      { name: "node", type: "text" },
    ]);
  });

  it.each(SCRIPT_FILES)("stands at the head of $name.lua", ({ name, text }) => {
    expect(parseHeader(name, text)).toMatchObject({ name });
  });

  it("may leave out arguments, machines and fragments where there are none", () => {
    const bare = VALID.replace(/ {2}Arguments[\s\S]*?100\n\n/, "")
      .replace(/ {2}Raises.*\n {2}Uses.*\n/, "")
      .replace(/if A\.limit.*\n/, "")
      .replace(" .. A.kind", "");

    expect(parseHeader("count-things", bare)).toMatchObject({ arguments: [], uses: [] });
    expect(parseHeader("count-things", bare).raises.size).toBe(0);
  });
});

describe("a header is refused", () => {
  it("when it does not declare an argument that the script reads", () => {
    const text = changed("    limit  number  at most 100\n", "");

    expect(parsing(text)).toThrow("count-things.lua: argument limit is not declared");
  });

  it("when the script does not read an argument that it declares", () => {
    const text = changed(" .. A.kind", "");

    expect(parsing(text)).toThrow("count-things.lua: argument kind is not used");
  });

  it("when it does not document a reply tag", () => {
    expect(parsing(changed('    {"missing"}\n', ""))).toThrow("count-things.lua: reply tag missing is not documented");
  });

  it("when an argument has no type", () => {
    expect(parsing(changed("kind   text ", "kind   color"))).toThrow("not an argument");
  });

  it.each(["Keys session", "Reply", "Upholds  L1", "Cost     O(limit)"])("when it lacks the section %s", (section) => {
    const title = section.split(" ")[0] as string;

    expect(parsing(changed(`  ${section}`, "  "))).toThrow(new RegExp(`^count-things\\.lua: has no .*${title}`));
  });

  it.each(["  Memory   refused\n", "refused"])("when it does not say what happens at the memory limit: %j", (part) => {
    expect(parsing(changed(part, ""))).toThrow("count-things.lua: Memory must say refused or allowed");
  });

  it("when it does not say that the script reads the clock, or says so of one that does not", () => {
    const complaint = "count-things.lua: Clock stands there exactly when the script reads it";

    expect(parsing(`${VALID}local t = now()\n`)).toThrow(complaint);
    expect(parsing(changed("  Memory ", "  Clock    the store's\n  Memory "))).toThrow(complaint);
  });

  it("when it begins with another name than the file's", () => {
    expect(parsing(changed("count-things:", "count-other:"))).toThrow("must begin with the file's name");
  });

  it("when there is none", () => {
    expect(parsing("return 1\n")).toThrow("count-things.lua: has no header");
  });
});

describe("in every script", () => {
  const withArguments = SCRIPT_FILES.filter(({ name, text }) => parseHeader(name, text).arguments.length > 0);

  it.each(withArguments)("removing an argument of $name.lua from the header is noticed", ({ name, text }) => {
    const { arguments: declared } = parseHeader(name, text);

    for (const argument of declared) {
      const line = new RegExp(`^ {4}${argument.name}\\s+${argument.type}.*\\n`, "m");
      expect(() => parseHeader(name, text.replace(line, ""))).toThrow(`argument ${argument.name} is not declared`);
    }
  });

  it.each(SCRIPT_FILES)("a reply of $name.lua that is not documented is noticed", ({ name, text }) => {
    expect(() => parseHeader(name, `${text}\nreturn { "unheard_of" }\n`)).toThrow(
      "reply tag unheard_of is not documented",
    );
  });
});
