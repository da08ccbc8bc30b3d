import { AppError, Binding } from "holdfast";

/** The binding to an executor of this name, in a version of the range. @throws config.invalid */
export function bindingTo(executor: string, versions?: string): Binding {
  const parsed = Binding.safeParse({ executor, ...(versions === undefined ? {} : { versions }) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError("config.invalid", { message: `--${issue?.path.join(".") ?? "executor"} ${issue?.message ?? ""}` });
}
