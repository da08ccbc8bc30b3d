import * as z from "zod";

const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;

// Visible ASCII without quote, backslash, semicolon and comma: what is left cannot be two values or a parameter.
const BARE = /^[!#-+\--:<-[\]-~]+$/;

/**
 * A header whose value is a string of RFC 9651 (`"msg-1"`), also accepted bare
 * (`msg-1`) because that is what most senders write.
 */
export function structuredString<Id extends z.ZodType<unknown, string>>(id: Id) {
  return z
    .string()
    .transform((text, context) => {
      const value = unquote(text);
      if (value !== null) return value;
      context.addIssue({ code: "custom", message: 'is not a quoted string ("…") or one bare ASCII token' });
      return z.NEVER;
    })
    .pipe(id);
}

function unquote(text: string): string | null {
  const quoted = QUOTED.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, "$1");
  return BARE.test(text) ? text : null;
}
