/** Writes `docs/reference/errors.md`. */
import { writeFileSync } from "node:fs";
import { renderErrorsReference } from "./errors-reference.ts";

writeFileSync(new URL("../../../docs/reference/errors.md", import.meta.url), renderErrorsReference());
