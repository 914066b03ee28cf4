/**
 * Replaces the table in a page between its two marks, `<!-- <name>: … -->` and `<!-- end of <name> -->`.
 * @throws Error if the page has no such marks
 */
export function withGeneratedTable(page: string, name: string, table: string): string {
  const marks = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- end of ${name} -->)`);
  if (!marks.test(page)) throw new Error(`The page has no place for the table of ${name}.`);
  return page.replace(marks, (_, before: string, after: string) => `${before}${table}\n${after}`);
}
