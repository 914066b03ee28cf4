import { fixed } from '../../protocol/codes/limits.ts';
import { jsonLine } from '../../protocol/frames.ts';
import { utf8Bytes } from '../../protocol/text.ts';

export interface Page<T> {
  items: T[];
  hasMore: boolean;
}

/**
 * The first `limit` items, or fewer if their JSON, as it is sent, exceeds `mostBytes` (256 KiB by
 * default), but at least one.
 */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  mostBytes: number = fixed.pageBytes,
): Page<T> {
  let bytes = 0;
  let end = 0;
  while (end < found.length && end < limit) {
    bytes += utf8Bytes(jsonLine(found[end]));
    if (end > 0 && bytes > mostBytes) break;
    end++;
  }
  return { items: found.slice(0, end), hasMore: end < found.length };
}
