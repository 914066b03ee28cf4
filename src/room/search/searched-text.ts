import type { FileInfo } from '../../protocol/objects.ts';

/** What a search of a message looks at: its text, then the names of its files, a line each. */
export function searchedText(
  message: string,
  files: readonly Pick<FileInfo, 'name'>[] = [],
): string {
  if (files.length === 0) return message;
  return [message, ...files.map(({ name }) => name)].filter((line) => line !== '').join('\n');
}
