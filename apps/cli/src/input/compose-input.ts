/**
 * Builds an input of any kind from flat fields, as a command line or a line of
 * a file has them.
 *
 * `text` goes where the kind keeps its text; fields the kind has are taken as
 * they are; everything else becomes the input's metadata, so nothing is lost.
 */
import { type InputVariant, NewInput } from "holdfast";

/** An input in flat form. */
export interface FlatInput {
  readonly kind: string;
  readonly key: string;
  readonly text?: string;
  /** Time of the original; becomes the input's timestamp. */
  readonly at?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type Composed =
  | { readonly kind: "input"; readonly input: NewInput }
  | { readonly kind: "fault"; readonly reason: string };

/** Where a variant keeps its text. An operation has none. */
const TEXT_FIELDS: Readonly<Partial<Record<InputVariant, string>>> = {
  prompt: "text",
  peer: "body",
  flow_step: "instructions",
  external_event: "payload",
  continuation: "reason",
};

/** Peer conventions by the kind that names them, and the fields each takes. */
const CONVENTIONS: ReadonlyMap<string, { readonly type: string; readonly fields: readonly string[] }> = new Map([
  ["peer_message", { type: "message", fields: [] }],
  ["peer_request", { type: "request", fields: ["requestId", "intent"] }],
  ["peer_response_progress", { type: "response_progress", fields: ["requestId", "phase"] }],
  ["peer_response_terminal", { type: "response_terminal", fields: ["requestId", "status"] }],
]);

// Set from the flat form itself: a field of that name is the sender's own and becomes metadata.
const RESERVED: ReadonlySet<string> = new Set(["kind", "id", "idempotencyKey", "timestamp"]);

const FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  NewInput.options.map(({ shape }) => [
    shape.kind.value,
    new Set(Object.keys(shape).filter((name) => !RESERVED.has(name))),
  ]),
);

/** Every kind that can be composed. */
export const FLAT_KINDS: readonly string[] = [...FIELDS.keys(), ...CONVENTIONS.keys()];

/** The input, or why there is none. */
export function composeInput(flat: FlatInput): Composed {
  const convention = CONVENTIONS.get(flat.kind);
  const variant = convention === undefined ? flat.kind : "peer";
  const known = FIELDS.get(variant);
  if (known === undefined) return { kind: "fault", reason: `kind: is none of ${FLAT_KINDS.join(", ")}` };

  const fields = { ...textField(variant as InputVariant, flat.text), ...flat.fields };
  const own = convention === undefined ? {} : conventionOf(convention, fields);
  const taken = new Set(convention?.fields);
  const rest = Object.entries(fields).filter(([name]) => !taken.has(name));
  const value = {
    ...Object.fromEntries(rest.filter(([name]) => known.has(name) && name !== "metadata")),
    ...own,
    ...metadataOf(Object.fromEntries(rest.filter(([name]) => !known.has(name))), flat.fields["metadata"]),
    kind: variant,
    idempotencyKey: flat.key,
    ...(flat.at === undefined ? {} : { timestamp: flat.at }),
  };
  const parsed = NewInput.safeParse(value);
  if (!parsed.success) return { kind: "fault", reason: firstIssue(parsed.error.issues) };
  return { kind: "input", input: value as NewInput };
}

function textField(variant: InputVariant, text: string | undefined): Record<string, unknown> {
  return text === undefined ? {} : { [TEXT_FIELDS[variant] ?? "text"]: text };
}

function conventionOf(
  { type, fields }: { readonly type: string; readonly fields: readonly string[] },
  values: Readonly<Record<string, unknown>>,
) {
  return { convention: { type, ...Object.fromEntries(fields.map((name) => [name, values[name]])) } };
}

function metadataOf(extra: Readonly<Record<string, unknown>>, given: unknown): { metadata?: unknown } {
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  // What is no object is left for the schema to complain about.
  if (given !== undefined && !isObject) return { metadata: given };
  const metadata = { ...given, ...extra };
  return Object.keys(metadata).length === 0 ? {} : { metadata };
}

function firstIssue(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  if (issue === undefined) return "is not an input";
  const place = issue.path.map(String).join(".");
  return place === "" ? issue.message : `${place}: ${issue.message}`;
}
