import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { environmentHelp, environmentTable, VARIABLES, VARIABLES_OF } from "../../src/process/index.ts";

it("lists the variables of a process with their defaults, aligned", () => {
  expect(environmentHelp(["REDIS_URL", "HOLDFAST_LEASE_MS"])).toBe(
    [
      "Environment:",
      "  REDIS_URL          the ledger's Redis (or REDIS_URL_FILE, a file that holds it)",
      `  HOLDFAST_LEASE_MS  ${VARIABLES.HOLDFAST_LEASE_MS.meaning} (10000)`,
      "",
    ].join("\n"),
  );
});

it("is what the README says of the environment", () => {
  const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");

  expect(readme).toContain(`\n${environmentTable(VARIABLES_OF)}\n`);
});
