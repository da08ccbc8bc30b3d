export { echo } from "./echo.ts";
export { type Folded, fold, foldBatching, foldSlowly } from "./fold.ts";
export { textOf } from "./text-of.ts";
