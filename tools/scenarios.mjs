/**
 * What the scenarios of `data/scenarios` came to, from the results of tests.
 *
 * A test proves the scenarios whose ids begin its title. A scenario is
 *
 * - failing when any of its tests failed or did not run to its end,
 * - covered when a test of it passed on every store,
 * - waived when a row of `docs/design/deviations.md` begins with its id,
 * - missing otherwise.
 */

/** @typedef {{ id: string, area: string }} Scenario */
/** @typedef {{ store: string, title: string, hasPassed: boolean }} TestResult */
/** @typedef {"covered" | "failing" | "waived" | "missing"} Standing */
/** @typedef {{ area: string, covered: string[], failing: string[], waived: string[], missing: string[] }} AreaReport */

/** The stores every scenario is played on. */
export const STORES = ["memory", "redis"];

const ID = /[A-Z]{3}-\d{2}/;
const LEADING_IDS = new RegExp(`^(?:${ID.source}[ ,:]+)+`);
const ROW = new RegExp(`^\\| *(${ID.source}(?:, ${ID.source})*) *\\|`, "gm");

/**
 * The ids at the front of a title.
 *
 * @param {string} title
 * @returns {string[]}
 */
export function idsOf(title) {
  return LEADING_IDS.exec(title)?.[0].match(new RegExp(ID, "g")) ?? [];
}

/**
 * The ids that have a row in the page of deviations.
 *
 * @param {string} page
 * @returns {Set<string>}
 */
export function waiversOf(page) {
  return new Set([...page.matchAll(ROW)].flatMap((row) => (row[1] ?? "").split(", ")));
}

/**
 * Sorts every scenario, by area in the order of the file.
 *
 * @param {{ scenarios: readonly Scenario[], results: readonly TestResult[], waivers: ReadonlySet<string> }} facts
 * @returns {AreaReport[]}
 */
export function reportScenarios({ scenarios, results, waivers }) {
  const byId = resultsById(results);
  /** @type {Map<string, AreaReport>} */
  const areas = new Map();
  for (const { id, area } of scenarios) {
    const report = areas.get(area) ?? { area, covered: [], failing: [], waived: [], missing: [] };
    areas.set(area, report);
    report[standingOf(byId.get(id) ?? [], waivers.has(id))].push(id);
  }
  return [...areas.values()];
}

/**
 * Ids that tests carry and no scenario has: a mistyped id would pass for a missing scenario.
 *
 * @param {{ scenarios: readonly Scenario[], results: readonly TestResult[] }} facts
 * @returns {string[]}
 */
export function unknownIds({ scenarios, results }) {
  const known = new Set(scenarios.map(({ id }) => id));
  return [...resultsById(results).keys()].filter((id) => !known.has(id)).sort();
}

/**
 * @param {readonly TestResult[]} results
 * @returns {Map<string, TestResult[]>}
 */
function resultsById(results) {
  /** @type {Map<string, TestResult[]>} */
  const byId = new Map();
  for (const result of results) {
    for (const id of idsOf(result.title)) byId.set(id, [...(byId.get(id) ?? []), result]);
  }
  return byId;
}

/**
 * @param {readonly TestResult[]} results
 * @param {boolean} isWaived
 * @returns {Standing}
 */
function standingOf(results, isWaived) {
  if (results.some(({ hasPassed }) => !hasPassed)) return "failing";
  if (STORES.every((store) => results.some((result) => result.store === store))) return "covered";
  return isWaived ? "waived" : "missing";
}
