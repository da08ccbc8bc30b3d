/** `npm run build`: code and declarations of every workspace. */
import { build, install, requireNode } from "./setup.mjs";

requireNode();
await install();
await build(["build", "declarations"]);
