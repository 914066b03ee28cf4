/** A UUID made from a count, for tests whose ids must be the same in each run. */
export function countedId(count: number): string {
  return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
}
