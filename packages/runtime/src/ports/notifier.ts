import type {
  InputId,
  NodeId,
  OperationId,
  OperationOutcome,
  Outcome,
  RunId,
  SessionRef,
  WaitId,
} from "@holdfast/contracts";

/** A hint to one process. Losing it costs latency only. */
export type NodeMessage =
  /** A session you have warm, or could run, has work; for who hosts `executor`, when it is named. */
  | { readonly type: "session.due"; readonly ref: SessionRef; readonly executor?: string }
  /** The run you execute must end. */
  | {
      readonly type: "run.abort";
      readonly ref: SessionRef;
      readonly runId: RunId;
      readonly reason: "cancelled" | "rolled_back" | "stopped";
    }
  /** An input asks for attention during the run you execute. */
  | { readonly type: "run.attend"; readonly ref: SessionRef }
  /** An input you wait for is terminal; `outcome` is absent when it is too large to send. */
  | { readonly type: "input.settled"; readonly ref: SessionRef; readonly inputId: InputId; readonly outcome?: Outcome }
  /** An operation you wait for has ended; `outcome` is absent when it must be read. */
  | {
      readonly type: "operation.ended";
      readonly ref: SessionRef;
      readonly operationId: OperationId;
      readonly outcome?: OperationOutcome;
    }
  /** All operations of your wait have ended, or its registry's life has. */
  | { readonly type: "operation.wait_over"; readonly ref: SessionRef; readonly waitId: WaitId }
  /** A session you follow has events up to `cursor`. */
  | { readonly type: "session.changed"; readonly ref: SessionRef; readonly cursor: number }
  /** A run of a session you follow has written into its stream. */
  | { readonly type: "stream.changed"; readonly ref: SessionRef; readonly runId: RunId }
  /** The drain of this session's peer inbox must end. */
  | { readonly type: "drain.abort"; readonly ref: SessionRef };

/** Sends hints between processes. */
export interface Notifier {
  /** Sends without waiting; messages of one turn of the event loop may travel together. Never throws. */
  publish(node: NodeId, message: NodeMessage): void;

  /** Receives what is addressed to `node`. Resolves when it listens. */
  subscribe(node: NodeId, listener: NotifierListener): Promise<void>;

  /** Whether messages are known to arrive. While not, whoever waits must poll. */
  isHealthy(): boolean;

  close(): Promise<void>;
}

/** Who receives what is addressed to a process. */
export interface NotifierListener {
  onMessage(message: NodeMessage): void;
  /** Messages may have been missed: read again what you wait for. */
  onGap(): void;
}
