/** What Python's `splitlines`, and readers built on it, take for the end of a line. */
const ENDS = new Set('\n\v\f\r\u001c\u001d\u001e\u0085\u2028\u2029');

/** The lines of a text, split wherever some reader may split it; empty ones are left out. */
export function splitLines(text: string): string[] {
  const parted = Array.from(text, (character) => (ENDS.has(character) ? '\n' : character));
  return parted
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}
