export { echo } from "./echo.ts";
export { type Folded, fold, foldBatching } from "./fold.ts";
export { textOf } from "./text-of.ts";
