/** A process with sessions of its own that has nothing to do but to wait for a time. */
import { defineExecutor, ephemeral } from "../../src/index.ts";

const echo = defineExecutor("echo", (turn) => turn.complete({ output: turn.inputs.length }));
const holdfast = await ephemeral({ executors: [echo] });
const notBefore = new Date(Date.now() + 1_500).toISOString();
const sent = await holdfast.session("chat/42", { executor: "echo" }).send({ text: "later", notBefore });
console.log((await sent.completion).kind);
await holdfast.close();
