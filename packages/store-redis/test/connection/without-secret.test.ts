import { expect, it } from "vitest";
import { withoutSecret } from "../../src/index.ts";

it.each([
  ["redis://127.0.0.1:6379", "redis://127.0.0.1:6379"],
  ["redis://:hush@host:6379/2", "redis://host:6379/2"],
  ["rediss://worker:hush@host", "rediss://host"],
  ["redis://:hu@sh@host", "redis://host"],
  ["redis://:hu/sh@host", "redis://host"],
  ["redis://host/2?password=hush", "redis://host/2"],
  ["redis://host?username=w@work&password=hush", "redis://host"],
])("shows %s without its credentials", (url, shown) => {
  expect(withoutSecret(url)).toBe(shown);
});
