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
 * | `e<cursor>` | event |
 * | `d<n>`, `f<admission>` | dead letter; the failure that ended an input |
 * | `g<generation>` | why a generation ended |
 * | `drain` | row: who drains the peer inbox |
 * | `x<n>`, `z<requestId>` | chore; report of a control command |
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
 */
export const FIELD = {
  input: (inputId: string) => `i${inputId}`,
  key: (keyedId: string) => `k${keyedId}`,
  payload: (admission: number) => `p${admission}`,
  receipt: (position: number) => `r${position}`,
  output: (position: number) => `o${position}`,
  run: (runId: string) => `u${runId}`,
  step: (runId: string, index: number) => `j${runId}.${index}`,
  event: (cursor: number) => `e${cursor}`,
  deadLetter: (n: number) => `d${n}`,
  failure: (admission: number) => `f${admission}`,
  /** Of a delivery inbox: its submission as JSON, empty once it was let go. */
  submission: (sequence: number) => `s${sequence}`,
  generation: (generation: number) => `g${generation}`,
} as const;

/** What a destroyed session keeps although its name looks like that of data. */
export const TOMBSTONE_FIELDS = ["settings", "follow"] as const;
