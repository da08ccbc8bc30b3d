/** `npm run demo`: installs, builds and shows what a session survives. */
import { become, build, install, requireNode } from "./setup.mjs";

requireNode();
await install();
await build();
become(["apps/cli/dist/main.mjs", "demo", ...process.argv.slice(2)]);
