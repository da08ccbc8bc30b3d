import { describeEvents } from "../../../runtime/test/scenarios/events.ts";
import { openRedisStage } from "./redis-stage.ts";

describeEvents(openRedisStage);
