/** The results as tables: in Markdown, which a terminal shows as well. */

import type { CpuPerMessage } from "../rows/alternate.ts";
import { type BenchResult, type CountResult, isMet, judgedValue, type RowResult, type Target } from "./result.ts";
import type { Spread } from "./spread.ts";

/** Both tables of a run. */
export function renderTables(result: BenchResult): string {
  return [renderTable(rowTable(result.rows)), renderTable(countTable(result.counts))]
    .filter((table) => table !== "")
    .join("\n\n");
}

const ROW_HEAD = [
  "row",
  "ours",
  "baseline",
  "",
  "ratio (least to most)",
  "target",
  "met",
  "CPU µs per message: sender+worker+Redis",
  "scripts per message",
];
const COUNT_HEAD = ["count", "ours", "plain BullMQ", "target", "met"];

function rowTable(rows: readonly RowResult[]): string[][] {
  if (rows.length === 0) return [];
  const lines = rows.map((row) => [
    row.title,
    `${amount(row.ours.median)} ${row.unit}`,
    row.baseline === null ? "" : amount(row.baseline.value.median),
    row.baseline?.name ?? "",
    ratioText(row.ratio),
    targetText(row),
    metText(isMet(judgedValue(row), row.target)),
    row.cpu === undefined ? "" : `${cpuText(row.cpu.ours)} : ${cpuText(row.cpu.baseline)}`,
    row.calls === undefined ? "" : `${row.calls.ours.scripts.toFixed(2)} : ${row.calls.baseline.scripts.toFixed(2)}`,
  ]);
  return [ROW_HEAD, ...lines];
}

function countTable(counts: readonly CountResult[]): string[][] {
  if (counts.length === 0) return [];
  const lines = counts.map(({ title, ours, bullmq, digits, target }) => [
    title,
    ours.toFixed(digits),
    bullmq === null ? "" : bullmq.toFixed(digits),
    boundText(target, (bound) => String(bound)),
    metText(isMet(Number(ours.toFixed(digits)), target)),
  ]);
  return [COUNT_HEAD, ...lines];
}

/** Columns as wide as their widest cell. */
function renderTable(cells: readonly (readonly string[])[]): string {
  const [head] = cells;
  if (head === undefined) return "";
  const widths = head.map((_, column) => Math.max(3, ...cells.map((line) => (line[column] ?? "").length)));
  const line = (columns: readonly string[]) =>
    `| ${columns.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...cells.slice(1).map(line)].join("\n");
}

function ratioText(ratio: Spread | null): string {
  if (ratio === null) return "";
  const [median, least, most] = [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(2));
  return `${median} (${least} to ${most})`;
}

function cpuText({ sender, worker, redis }: CpuPerMessage): string {
  return [sender, worker, redis].map((part) => part.toFixed(0)).join("+");
}

function targetText({ target, ratio, unit }: RowResult): string {
  return boundText(target, (bound) => (ratio === null ? `${amount(bound)} ${unit}` : `${bound}`));
}

function boundText(target: Target | null, show: (bound: number) => string): string {
  if (target === null) return "";
  return "atLeast" in target ? `≥ ${show(target.atLeast)}` : `≤ ${show(target.atMost)}`;
}

function metText(met: boolean | null): string {
  return met === null ? "" : met ? "yes" : "no";
}

function amount(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}
