/** The id number `count` of a test that repeats: as a UUID, which is what the port gives. */
export function countedId(count: number): string {
  return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
}
