import type { Page } from "@holdfast/runtime";

/** The body of a page, with what on it cannot be read. */
export interface PageBody<T> {
  items: T[];
  next: number | null;
  corrupt?: string[];
}

/** A page as the API shows it. */
export function pageBody<T, Shown>({ items, next, corrupt }: Page<T>, show: (item: T) => Shown): PageBody<Shown> {
  return { items: items.map(show), next, ...(corrupt === undefined ? {} : { corrupt: [...corrupt] }) };
}

/** Shows an item as it is. */
export function asItIs<T>(item: T): T {
  return item;
}
