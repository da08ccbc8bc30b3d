import { AppError, Binding } from "@holdfast/contracts";
import { isVersionRange } from "@holdfast/domain";

/** Refuses a binding that no worker could ever host. @throws request.invalid */
export function assertBinding(binding: Binding): void {
  const parsed = Binding.safeParse(binding);
  const fault = parsed.error?.issues[0];
  if (fault !== undefined) throw invalid(`the binding is not usable: ${fault.path.join(".")} ${fault.message}`);
  const { versions } = binding;
  if (versions !== undefined && !isVersionRange(versions)) throw invalid(`"${versions}" is not a range of versions`);
}

function invalid(message: string): AppError {
  return new AppError("request.invalid", { message });
}
