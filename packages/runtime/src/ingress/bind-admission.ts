import type { AdmissionApi } from "../api/admission.ts";
import type { DirectRunner } from "../loop/direct-runner.ts";
import type { Ingress } from "./ingress.ts";

/** Binds the ways into a session beside `acceptInput`. */
export function bindAdmission({
  ingress,
  directRuns,
}: {
  readonly ingress: Ingress;
  readonly directRuns: DirectRunner;
}): AdmissionApi {
  return {
    acceptInputWithoutWake: async (ref, input, options = {}) => {
      const prepared = ingress.prepare(ref, input);
      return ingress.admit(ref, prepared, { ...options, isWithoutWake: true, isAwaited: false });
    },
    acceptInputAndRun: (ref, input, operation, options = {}) => directRuns.run(ref, input, { operation, options }),
  };
}
