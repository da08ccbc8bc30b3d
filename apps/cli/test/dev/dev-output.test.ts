import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { curlLine, DevOutput } from "../../src/dev/dev-output.ts";

function written(isTty: boolean, write: (output: DevOutput) => void): string {
  let text = "";
  write(new DevOutput({ isTty, columns: 80, write: (part) => (text += part) }));
  return text;
}

/** The words a shell makes of a line. */
function words(line: string): string[] {
  const script = `set -- ${line}; for word; do printf '%s\\n' "$word"; done`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
}

describe("curlLine", () => {
  it.each(["chat/42", "it's; rm -rf $HOME `x`", "größe & co?"])(
    "survives the shell with the session %s",
    (sessionId) => {
      const line = curlLine({ apiUrl: "http://127.0.0.1:1", sessionId, executor: "echo", key: "k-1" });

      const path = `/v1/sessions/${encodeURIComponent(sessionId)}/inputs`;
      expect(words(line)).toEqual([
        "curl",
        "-sS",
        `http://127.0.0.1:1${path}?executor=echo&wait=10`,
        "-H",
        "content-type: application/json",
        "-H",
        "idempotency-key: k-1",
        "-d",
        '{"kind":"prompt","text":"And what comes next?"}',
      ]);
    },
  );
});

describe("DevOutput", () => {
  const step = { name: "committed", text: "position 1", atMs: 3.6 } as const;

  it("writes a step with the time it took", () => {
    expect(written(false, (output) => output.step(step))).toBe("    committed  position 1  +4 ms\n");
  });

  it("colours on a terminal only", () => {
    expect(written(true, (output) => output.step(step))).toContain("\u001b[32m");
    expect(written(false, (output) => output.step(step))).not.toContain("\u001b");
  });

  it("frames what must not be overlooked, and writes nothing without it", () => {
    expect(written(false, (output) => output.warning(["Lost", "is all"]))).toBe(
      "  !!!!!!!!!!\n  ! Lost\n  ! is all\n  !!!!!!!!!!\n\n",
    );
    expect(written(false, (output) => output.warning([]))).toBe("");
  });

  it("makes words of a log entry and never interprets what is in it", () => {
    const entry = JSON.stringify({
      level: 40,
      time: 1,
      pid: 2,
      hostname: "h",
      name: "w",
      node: "nod_1",
      msg: "worker\u001b[2J",
    });

    expect(written(false, (output) => output.workerLine(entry))).toBe('  worker: worker\\u001b[2J {"node":"nod_1"}\n');
    expect(written(false, (output) => output.workerLine("plain\u0007"))).toBe("  worker: plain\\u0007\n");
  });
});
