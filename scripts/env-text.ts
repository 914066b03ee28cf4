/**
 * One setting as a line of the file that `wrangler dev --env-file` reads. Wrangler ends a value at its
 * quote and replaces `$NAME`, so the line uses a quote that the value does not contain, and escapes
 * each `$`.
 * @throws Error with one sentence for a value that no quote fits
 */
export function envLine(name: string, value: string): string {
  const quote = ["'", '`', '"'].find((one) => !value.includes(one));
  // Between double quotes \n and \r would become line ends.
  if (quote === undefined || (quote === '"' && /\\[nr]/.test(value))) {
    throw new Error(`${name} must do without one of the three quotes ' \` ".`);
  }
  return `${name}=${quote}${value.replaceAll('$', String.raw`\$`)}${quote}\n`;
}
