/** Characters that end a line for Python's `splitlines` and readers built on it. */
const ENDS = new Set('\n\v\f\r\u001c\u001d\u001e\u0085\u2028\u2029');

/** The lines of a text, split wherever any reader may split it, without empty ones. */
export function splitLines(text: string): string[] {
  const parted = Array.from(text, (character) => (ENDS.has(character) ? '\n' : character));
  return parted
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}
