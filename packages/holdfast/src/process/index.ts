/** What every process of a store does alike: it reads its settings, says why it cannot start, ends on a signal. */
export { environmentHelp, environmentTable } from "./describe-variables.ts";
export { type Ending, endOnSignal } from "./end-on-signal.ts";
export { failToStart } from "./fail-to-start.ts";
export { type Log, reportTo } from "./log.ts";
export {
  type Connection,
  connectionOf,
  type Environment,
  findVariable,
  readEnvironment,
  type Settings,
} from "./read-environment.ts";
export { VARIABLES, VARIABLES_OF, type VariableName } from "./variables.ts";
