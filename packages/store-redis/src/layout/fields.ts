/**
 * Names of the fields of a session's hash, once.
 *
 * | field | value |
 * | --- | --- |
 * | `head`, `hold`, `last` | rows: where it stands, who holds it, the latest settlement |
 * | `txn` | set while a script writes; found set, the session was torn |
 * | `settings`, `state`, `follow` | JSON, JSON, `node:until` list |
 * | `i<inputId>`, `p<admission>` | row of an input; its id and payload |
 * | `k<inputId>` | id of the input that owns the key this id derives from |
 * | `c<scope>` | latest input of a displacement scope |
 * | `s<place>`, `q<place>` | entries of the steer and the queue lane |
 * | `r<position>`, `o<position>` | receipt; its output |
 * | `u<runId>`, `j<runId>.<n>` | row of a run; a settled step |
 * | `m<runId>`, `v<runId>` | what a run keeps from its last boundary; what it was resumed with |
 * | `y<place>` | id of a parked run |
 * | `streams` | row: which streams are kept |
 * | `l<place>`, `l<runId>`, `l<number>.<offset>` | run whose stream is kept; row of a stream; part of one |
 * | `e<cursor>` | event |
 * | `d<n>`, `f<admission>` | dead letter; the failure that ended an input |
 * | `g<generation>` | why a generation ended |
 * | `a.<name>` | cursor of the last fact that a named consumer has taken; stays when the session is destroyed |
 * | `drain` | row: who drains the peer inbox |
 * | `t<n>` | id of an input that trimming passed because it lived |
 * | `x<n>`, `z<requestId>` | chore; report of a control command |
 * | `hr`, `hr<n>` | ring of fields that answer a request id: its bounds; the name of one |
 * | `hc`, `hc<n>` | ring of fields of scopes |
 * | `leave`, `w<requestId>` | row: an unregistration under way; one that is over |
 * | `labels`, `n<requestId>` | encoded labels; cursor and digest of an event of a caller |
 * | `away` | the head of a session that was unregistered; without `head` the session is unknown |
 *
 * and of the hash of its delivery inbox:
 *
 * | field | value |
 * | --- | --- |
 * | `authority` | row: how many deliveries there are, were applied, have no payload any more |
 * | `i<deliveryId>`, `s<sequence>` | row of a delivery; its submission |
 * | `bh` | row of the registry of background operations |
 * | `b<life>.o<operationId>`, `b<life>.a<slot>` | row of an operation; an operation in progress by its slot |
 * | `b<life>.c<seq>`, `b<life>.f<seq>` | id of a kept operation by its completion; row of a completion |
 */
export const FIELD = {
  input: (inputId: string) => `i${inputId}`,
  consumer: (name: string) => `a.${name}`,
  key: (keyedId: string) => `k${keyedId}`,
  payload: (admission: number) => `p${admission}`,
  receipt: (position: number) => `r${position}`,
  output: (position: number) => `o${position}`,
  run: (runId: string) => `u${runId}`,
  checkpoint: (runId: string) => `m${runId}`,
  resumption: (runId: string) => `v${runId}`,
  step: (runId: string, index: number) => `j${runId}.${index}`,
  event: (cursor: number) => `e${cursor}`,
  deadLetter: (n: number) => `d${n}`,
  failure: (admission: number) => `f${admission}`,
  /** Of a delivery inbox: its submission as JSON, empty once it was let go. */
  submission: (sequence: number) => `s${sequence}`,
  generation: (generation: number) => `g${generation}`,
  registry: "bh",
  operation: (life: number, operationId: string) => `b${life}.o${operationId}`,
  activeOperation: (life: number, slot: number) => `b${life}.a${slot}`,
  keptOperation: (life: number, seq: number) => `b${life}.c${seq}`,
  completion: (life: number, seq: number) => `b${life}.f${seq}`,
} as const;

/** What a destroyed session keeps although its name looks like that of data. */
export const TOMBSTONE_FIELDS = ["settings", "follow"] as const;
