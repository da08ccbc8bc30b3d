import { expect, it } from "vitest";
import { published, publishedPackages } from "../pack.mjs";

it("publishes a manifest without the way to sources, and without what only this workspace needs", () => {
  const manifest = {
    name: "p",
    version: "1.0.0",
    scripts: { build: "b" },
    devDependencies: { d: "1.0.0" },
    dependencies: { e: "1.0.0" },
    exports: {
      ".": { "@holdfast/source": "./src/index.ts", types: "./dist/index.d.mts", default: "./dist/index.mjs" },
      "./package.json": "./package.json",
    },
  };

  expect(published(manifest)).toEqual({
    name: "p",
    version: "1.0.0",
    dependencies: { e: "1.0.0" },
    exports: {
      ".": { types: "./dist/index.d.mts", default: "./dist/index.mjs" },
      "./package.json": "./package.json",
    },
  });
});

it("publishes packages, and no app", () => {
  const names = publishedPackages().map((path) => path.split("/").slice(-2).join("/"));

  expect(names).toContain("packages/holdfast");
  expect(names.every((name) => name.startsWith("packages/"))).toBe(true);
});
