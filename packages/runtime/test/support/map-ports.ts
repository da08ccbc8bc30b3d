import type { Store } from "../../src/index.ts";

/** A store whose ports, but for the notifier, are replaced one by one; what a port is does not matter. */
export function mapPorts(store: Store, replace: <P extends object>(port: P) => P): Store {
  const members = Object.entries(store).map(([name, member]) => {
    const isPort = typeof member === "object" && member !== null && name !== "notifier";
    return [name, isPort ? replace(member as object) : (member as unknown)];
  });
  return Object.fromEntries(members) as unknown as Store;
}
