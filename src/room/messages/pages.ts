import { fixed } from '../../protocol/codes/limits.ts';
import { jsonLine } from '../../protocol/frames.ts';
import { utf8Bytes } from '../../protocol/text.ts';

export interface Page<T> {
  items: T[];
  hasMore: boolean;
}

/**
 * The first `limit` items, or fewer if their JSON, as it is sent, exceeds `mostBytes` (256 KiB by
 * default), but at least one. Takes at most one item more than the page holds.
 */
export function pageOf<T>(
  found: Iterable<T>,
  limit: number,
  mostBytes: number = fixed.pageBytes,
): Page<T> {
  const items: T[] = [];
  let bytes = 0;
  for (const item of found) {
    if (items.length === limit) return { items, hasMore: true };
    bytes += utf8Bytes(jsonLine(item));
    if (items.length > 0 && bytes > mostBytes) return { items, hasMore: true };
    items.push(item);
  }
  return { items, hasMore: false };
}
