import { openMemoryStage } from "./memory-stage.ts";
import { describeBoundedSubmit, describeTerminalStatus } from "./standing.ts";

describeBoundedSubmit(openMemoryStage);
describeTerminalStatus(openMemoryStage);
