// A report of `fromnoise eval`, read for showing: report.json, whatever made it.

export interface Measure {
  name: string;
  value: number;
  low: number | null;
  high: number | null;
  baseline: number | null; // the same measure of real things against real things
  note: string;
}

export interface Report {
  title: string;
  made: string;
  level: string; // "ready", "not ready", "invalid", "cannot tell"; of an audit "differences found", ...
  reasons: string[];
  measures: Measure[];
  notes: string[];
}

/** Read report.json; throw an Error worded for people when it is something else. */
export function readReport(text: string): Report {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON. Open a report.json or report.html of `fromnoise eval`.");
  }
  const verdict = member(report, "verdict");
  const metrics = member(report, "metrics");
  if (typeof metrics !== "object" || metrics === null) {
    throw new Error("This JSON has no metrics. Open a report.json of `fromnoise eval`.");
  }
  return {
    title: titled(report),
    made: worded(member(report, "made"), "").slice(0, 16).replace("T", " "),
    level: worded(member(verdict, "level"), "no verdict"),
    reasons: list(member(verdict, "reasons")),
    measures: Object.entries(metrics).flatMap(([name, figure]) => measure(name, figure)),
    notes: list(member(report, "notes")),
  };
}

/** Say what was compared with what; an audit compares a model with itself. */
function titled(report: unknown): string {
  if (member(report, "kind") === "bias")
    return `${worded(member(report, "model"), "A model")}: are all treated alike?`;
  const named = (side: string, otherwise: string) => worded(member(member(report, side), "name"), otherwise);
  return `${named("generated", "something")} against ${named("real", "the real")}`;
}

function measure(name: string, figure: unknown): Measure[] {
  const value = typeof figure === "number" ? figure : number(member(figure, "value"));
  if (value === null) return [];
  return [
    {
      name: name.replaceAll("_", " "),
      value,
      low: number(member(figure, "low")),
      high: number(member(figure, "high")),
      baseline: number(member(figure, "baseline")),
      note: worded(member(figure, "note"), ""),
    },
  ];
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function worded(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
