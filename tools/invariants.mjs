/**
 * Holds numbered invariants together: what files declare, what tests prove,
 * what the code cites, and what ARCHITECTURE.md lists.
 *
 *   T3  An id is declared once, and a test's title cites it.
 *   T4  An id that is cited is declared.
 *   T5  The index names exactly the files that declare, with exactly their ids,
 *       once each and in the order of the ids.
 */
import ts from "typescript";

/**
 * A file of the workspace by its path from the root.
 *
 * @typedef {{ readonly path: string, readonly text: string }} File
 */

const ID = "[A-Z]\\d{1,2}";
const DECLARATION = new RegExp(`^ \\* {2,3}(${ID}) {2}\\S`, "gm");
const GUARANTEE = new RegExp(`^\\| (${ID}) \\| `, "gm");
const CITATION = new RegExp(`[([](${ID}(?:, ${ID})*)[)\\]]`, "g");
const UPHELD = new RegExp(`^ {2}Upholds +(${ID}(?:, ${ID})*)$`, "gm");
const INDEX_ROW = new RegExp(`^\\| (${ID})(?:–(${ID}))? \\| (.+?) \\| `, "gm");
const TEST = /(^|\/)(test|e2e)\/|^packages\/testkit\/src\/conformance\//;

/**
 * What is wrong, a line each.
 *
 * @param {readonly File[]} files sources, tests, README.md and ARCHITECTURE.md
 * @returns {string[]}
 */
export function findInvariantFaults(files) {
  const declared = declarations(files);
  const proven = new Set(files.filter(isTest).flatMap((file) => citationsIn(titlesOf(file))));
  return [
    ...[...declared].flatMap(([id, paths]) => [
      ...(paths.length > 1 ? [`${id} is declared more than once: ${paths.join(", ")}`] : []),
      ...(proven.has(id) ? [] : [`${paths[0]}: ${id} is declared, and no title of a test cites it`]),
    ]),
    ...files.flatMap((file) => foreignCitations(file, declared)),
    ...indexFaults(files, declared),
  ];
}

/**
 * Id to the paths that declare it.
 *
 * @param {readonly File[]} files
 * @returns {Map<string, string[]>}
 */
function declarations(files) {
  /** @type {Map<string, string[]>} */
  const declared = new Map();
  for (const file of files) {
    if (isTest(file)) continue;
    const pattern = file.path === "README.md" ? GUARANTEE : DECLARATION;
    if (file.path.endsWith(".md") && file.path !== "README.md") continue;
    for (const [, id = ""] of file.text.matchAll(pattern)) declared.set(id, [...(declared.get(id) ?? []), file.path]);
  }
  return declared;
}

/**
 * @param {File} file
 * @param {ReadonlyMap<string, unknown>} declared
 * @returns {string[]}
 */
function foreignCitations({ path, text }, declared) {
  const cited = new Set([
    ...citationsIn(text),
    ...[...text.matchAll(UPHELD)].flatMap(([, ids = ""]) => ids.split(", ")),
  ]);
  return [...cited].filter((id) => !declared.has(id)).map((id) => `${path}: ${id} is cited, and nothing declares it`);
}

/**
 * @param {readonly File[]} files
 * @param {ReadonlyMap<string, readonly string[]>} declared
 * @returns {string[]}
 */
function indexFaults(files, declared) {
  const index = files.find(({ path }) => path === "ARCHITECTURE.md")?.text ?? "";
  const rows = [...index.matchAll(INDEX_ROW)];
  const listed = new Set(
    rows.flatMap(([, first = "", last = first, place = ""]) =>
      idsBetween(first, last).map((id) => `${id} in ${pathOf(place, files)}`),
    ),
  );
  const actual = new Set([...declared].flatMap(([id, paths]) => paths.map((path) => `${id} in ${path}`)));
  return [
    ...[...actual].filter((entry) => !listed.has(entry)).map((entry) => `ARCHITECTURE.md does not list ${entry}`),
    ...[...listed].filter((entry) => !actual.has(entry)).map((entry) => `ARCHITECTURE.md lists ${entry}, wrongly`),
    ...misplaced(rows.map(([, first = ""]) => first)).map((id) => `ARCHITECTURE.md lists ${id} twice or out of order`),
  ];
}

/**
 * The ids that do not come after the one before them.
 *
 * @param {readonly string[]} ids
 */
function misplaced(ids) {
  /** @param {string} id */
  const place = (id) => id.charCodeAt(0) * 100 + Number(id.slice(1));
  return ids.filter((id, at) => at > 0 && place(id) <= place(ids[at - 1] ?? ""));
}

/**
 * `L1` to `L3` as all three.
 *
 * @param {string} first
 * @param {string} last
 */
function idsBetween(first, last) {
  const [from, to] = [Number(first.slice(1)), Number(last.slice(1))];
  return Array.from({ length: to - from + 1 }, (_, offset) => `${first[0]}${from + offset}`);
}

/**
 * The path an index row means: below `packages`, or from the root; a name that
 * is no path stands for the document.
 *
 * @param {string} place
 * @param {readonly File[]} files
 */
function pathOf(place, files) {
  const [, written] = /^`(.+)`$/.exec(place) ?? [];
  if (written === undefined) return `${place.split(",")[0]}.md`;
  return files.some(({ path }) => path === `packages/${written}`) ? `packages/${written}` : written;
}

/** @param {File} file */
function isTest({ path }) {
  return TEST.test(path);
}

/** @param {string} text */
function citationsIn(text) {
  return [...text.matchAll(CITATION)].flatMap(([, ids = ""]) => ids.split(", "));
}

/**
 * Every string of a test file, so that a title from a table counts as well as a written one; comments do not.
 *
 * @param {File} file
 */
function titlesOf({ path, text }) {
  /** @type {string[]} */
  const strings = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      strings.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return strings.join("\n");
}
