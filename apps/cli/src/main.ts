#!/usr/bin/env node
import { CommanderError } from "commander";
import { createProgram } from "./program.ts";
import { EXIT, reportError } from "./terminal/report-error.ts";
import { endWithReader } from "./terminal/terminal.ts";

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  // What commander refuses it has explained itself; help and version end this way too.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else process.exitCode = reportError(error, { isJson: process.argv.includes("--json") });
}
