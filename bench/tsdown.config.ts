import { appBuild } from "../tools/tsdown.ts";

export default appBuild(["src/main.ts", "src/role.ts"]);
