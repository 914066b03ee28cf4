import type { FileInfo } from '../../protocol/objects.ts';

/** The text that searches cover for a message: its own, then the names of its files, a line each. */
export function searchedText(
  message: string,
  files: readonly Pick<FileInfo, 'name'>[] = [],
): string {
  if (files.length === 0) return message;
  return [message, ...files.map(({ name }) => name)].filter((line) => line !== '').join('\n');
}
