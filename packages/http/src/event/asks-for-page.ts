/** Whether a caller of a route that streams wants a page instead. */
export function asksForPage(accept = "*/*"): boolean {
  return accept.includes("application/json") && !accept.includes("text/event-stream");
}
