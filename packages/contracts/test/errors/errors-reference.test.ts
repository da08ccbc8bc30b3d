import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { renderErrorsReference } from "../../tools/errors-reference.ts";

it("documents exactly the registered codes", () => {
  const page = readFileSync(new URL("../../../../docs/reference/errors.md", import.meta.url), "utf8");

  expect(page).toBe(renderErrorsReference());
});
