/**
 * How a workspace is built: ESM for Node 20, nothing bundled that its manifest
 * declares.
 *
 * `tsdown` writes the code, which is all that `npm start` and the tests need.
 * `tsdown --dts` adds the declarations, which cost three times as much and are
 * needed by whoever installs the package.
 */
import { defineConfig, type UserConfig } from "tsdown";

const base = {
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "warn",
  report: false,
} satisfies UserConfig;

/** Build of a package that is imported. */
export function packageBuild(entry: readonly string[] = ["src/index.ts"]) {
  return defineConfig(({ dts }) =>
    dts
      ? { ...base, entry: [...entry], dts: { emitDtsOnly: true }, clean: false }
      : { ...base, entry: [...entry], dts: false },
  );
}

/** Build of an app that is run. */
export function appBuild(entry: readonly string[] = ["src/main.ts"]) {
  return defineConfig({ ...base, entry: [...entry], dts: false });
}
