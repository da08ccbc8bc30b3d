/**
 * Counts what ran, and says so in the last line of the run.
 *
 *   F1  A project that ran whole and ran fewer tests than its floor fails the
 *       run: a glob that matches nothing is not a success.
 *   F2  A test that was skipped is a failure, unless a name filter skipped it.
 *   F3  The last line of the output is `N passed, N failed`, also when the run
 *       died before its first test.
 *
 * Floors are kept in `floors.json`. `HOLDFAST_RECORD_FLOORS=1 npm test` sets
 * them to what ran.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestRunEndReason, TestSpecification, Vitest } from "vitest/node";

const floorFile = new URL("floors.json", import.meta.url);

/** The reporter. Its life is that of the process: it speaks when that ends. */
export default class Floors implements Reporter {
  #vitest: Vitest | null = null;
  #passed = 0;
  #failed = 0;
  #hasEnded = false;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    process.once("exit", (code) => this.#conclude(code));
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    const vitest = this.#vitest;
    if (vitest === null) return;
    const counts = countByProject(modules, vitest.getGlobalTestNamePattern() !== undefined);
    const complaints = reason === "interrupted" ? [] : await this.#checkFloors(vitest, modules, counts);
    for (const complaint of complaints) process.stderr.write(`floors: ${complaint}\n`);

    this.#hasEnded = true;
    this.#passed = sum(counts, "passed");
    this.#failed = sum(counts, "failed") + errors.length + complaints.length;
    if (this.#failed > 0) process.exitCode = 1;
  }

  async #checkFloors(vitest: Vitest, modules: readonly TestModule[], counts: Counts): Promise<string[]> {
    if (vitest.config.watch || vitest.getGlobalTestNamePattern() !== undefined) return [];
    const whole = wholeProjects(vitest, await vitest.globTestSpecifications(), modules);
    const ran = (name: string) => (counts.get(name)?.passed ?? 0) + (counts.get(name)?.failed ?? 0);
    const floors: Record<string, number> = JSON.parse(readFileSync(floorFile, "utf8"));

    if (process.env["HOLDFAST_RECORD_FLOORS"] === "1") {
      for (const name of whole) floors[name] = ran(name);
      writeFileSync(floorFile, `${JSON.stringify(floors, null, 2)}\n`);
      return [];
    }
    // Projects left out by --project are no business of this run; one that vanished from the configuration is.
    const isComplete = (vitest.config.project ?? []).length === 0;
    return Object.entries(floors)
      .filter(([name]) => whole.has(name) || (isComplete && !vitest.projects.some((project) => project.name === name)))
      .filter(([name, floor]) => ran(name) < floor)
      .map(([name, floor]) => `project ${name} ran ${ran(name)} tests, and has run ${floor} before (F1)`);
  }

  /** A run that ends badly without a failed test has failed all the same, as when Redis is not there (F3). */
  #conclude(code: number): void {
    if (this.#failed === 0 && (code !== 0 || !this.#hasEnded)) this.#failed = 1;
    if (this.#failed > 0) process.exitCode = 1;
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`);
  }
}

interface Count {
  passed: number;
  failed: number;
}

type Counts = Map<string, Count>;

function countByProject(modules: readonly TestModule[], isFiltered: boolean): Counts {
  const counts: Counts = new Map();
  for (const module of modules) {
    const count = counts.get(module.project.name) ?? { passed: 0, failed: 0 };
    counts.set(module.project.name, count);
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") count.passed += 1;
      else if (state !== "skipped" || !isFiltered) count.failed += 1; // F2
    }
    // What breaks outside a test, at import or in a hook of the file or a suite, has no test to fail.
    count.failed += module.errors().length;
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
  }
  return counts;
}

/** The projects of which every file ran, so that a file filter or a shard is not taken for a loss. */
function wholeProjects(
  vitest: Vitest,
  all: readonly TestSpecification[],
  modules: readonly TestModule[],
): ReadonlySet<string> {
  const ran = new Set(modules.map((module) => `${module.project.name}:${module.moduleId}`));
  const missed = new Set(
    all.filter((spec) => !ran.has(`${spec.project.name}:${spec.moduleId}`)).map((spec) => spec.project.name),
  );
  return new Set(vitest.projects.map((project) => project.name).filter((name) => !missed.has(name)));
}

function sum(counts: Counts, key: keyof Count): number {
  return [...counts.values()].reduce((total, count) => total + count[key], 0);
}
