import { Causality, type Input } from "@holdfast/contracts";

type Field = keyof Causality;

const FIELDS = Object.keys(Causality.shape) as Field[];

/**
 * What a batch as a whole is caused by: the fields that every input has with the
 * same value. What two inputs say differently, or only some say, is left out, so
 * that a run is never attributed to the objective of a part of it.
 */
export function mergeCausality(inputs: readonly Pick<Input, Field>[]): Causality {
  const shared = FIELDS.map((field): [Field, string | undefined] => [
    field,
    sharedValue(inputs.map((input) => input[field])),
  ]);
  return Object.fromEntries(shared.filter(([, value]) => value !== undefined));
}

function sharedValue(values: readonly (string | undefined)[]): string | undefined {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
}
