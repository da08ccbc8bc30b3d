import { AppError, Binding } from "holdfast";

/** The binding to an executor of this name. @throws config.invalid */
export function bindingTo(executor: string): Binding {
  const parsed = Binding.safeParse({ executor });
  if (parsed.success) return parsed.data;
  throw new AppError("config.invalid", { message: `--executor ${parsed.error.issues[0]?.message ?? "is no name"}` });
}
