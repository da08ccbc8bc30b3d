import { describeBoundedSubmit, describeTerminalStatus } from "../../../runtime/test/scenarios/standing.ts";
import { openRedisStage } from "./redis-stage.ts";

describeBoundedSubmit(openRedisStage);
describeTerminalStatus(openRedisStage);
