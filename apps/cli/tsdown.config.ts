import { appBuild } from "../../tools/tsdown.ts";

export default appBuild();
