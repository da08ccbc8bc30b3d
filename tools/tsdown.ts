/**
 * How a workspace is built: ESM for Node 20, one entry, nothing bundled that
 * the manifest declares. Packages carry declarations, apps do not need any.
 */
import { defineConfig } from "tsdown";

/** Build of a package that is imported. */
export function packageBuild(entry: readonly string[] = ["src/index.ts"]) {
  return defineConfig({ ...base, entry: [...entry], dts: true });
}

/** Build of an app that is run. */
export function appBuild(entry: readonly string[] = ["src/index.ts", "src/main.ts"]) {
  return defineConfig({ ...base, entry: [...entry], dts: true });
}

const base = {
  format: "esm",
  platform: "node",
  target: "node20",
  clean: true,
  sourcemap: true,
  logLevel: "warn",
  report: false,
} as const;
