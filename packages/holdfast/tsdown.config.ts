import { packageBuild } from "../../tools/tsdown.ts";

export default packageBuild(["src/index.ts", "src/process/index.ts"]);
