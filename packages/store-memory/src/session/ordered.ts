/** Lists kept in order by insertion, as plain arrays. */

/** Puts a member in its place; one that is there stays. */
export function addMember(members: string[], member: string): void {
  const at = placeOf(members, member);
  if (members[at] !== member) members.splice(at, 0, member);
}

/** Takes a member out, if it is there. */
export function removeMember(members: string[], member: string): void {
  const at = placeOf(members, member);
  if (members[at] === member) members.splice(at, 1);
}

/** Where a member is or would be. */
export function placeOf(members: readonly string[], member: string): number {
  let [low, high] = [0, members.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((members[middle] as string) < member) low = middle + 1;
    else high = middle;
  }
  return low;
}
