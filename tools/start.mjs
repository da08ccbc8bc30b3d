/** `npm start`: installs, builds and runs Holdfast on this machine. */
import { become, build, install, requireNode } from "./setup.mjs";

requireNode();
await install();
await build();
become(["apps/cli/dist/main.mjs", "dev", ...process.argv.slice(2)]);
