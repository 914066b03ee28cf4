/**
 * One setting as a line of the file that `wrangler dev --env-file` reads. It ends a value at its
 * quote and replaces `$NAME`, so the quote is one the value has not, and each `$` is escaped.
 * @throws Error with one sentence for a value that holds every quote there is
 */
export function envLine(name: string, value: string): string {
  const quote = ["'", '`', '"'].find((one) => !value.includes(one));
  // Between double quotes \n and \r would become line ends.
  if (quote === undefined || (quote === '"' && /\\[nr]/.test(value))) {
    throw new Error(`${name} must do without one of the three quotes ' \` ".`);
  }
  return `${name}=${quote}${value.replaceAll('$', String.raw`\$`)}${quote}\n`;
}
