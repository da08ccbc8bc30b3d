import { packageBuild } from "../../tools/tsdown.ts";

export default packageBuild();
