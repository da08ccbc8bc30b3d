/** Entry of every process of the bench: `role.mjs <role> <options as JSON>`. */
import { serve } from "./process/serve.ts";
import { openRole, type RoleName } from "./role-table.ts";

const [name, options] = process.argv.slice(2) as [RoleName, string];
await serve(() => openRole(name, JSON.parse(options) as never));
