import { describeEvents } from "./events.ts";
import { openMemoryStage } from "./memory-stage.ts";

describeEvents(openMemoryStage);
