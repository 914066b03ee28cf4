import type { Fields } from './logger.ts';
import { Counter } from './metrics.ts';

/** What can be counted of files. */
export type FileEvent = 'stored' | 'failed' | 'read' | 'deleted';

/** What the store of files was asked for since it was made, or since it was last taken. */
export class FileCounts {
  /** `stored` and `failed` uploads, `read` files or parts of them, `deleted` files. */
  readonly events = new Counter();
  /** Of the files that were stored. */
  readonly bytes = new Counter();

  count(event: FileEvent, count = 1): void {
    this.events.add(event, count);
  }

  stored(bytes: number): void {
    this.count('stored');
    this.bytes.add('', bytes);
  }

  /** In one line of a log; nothing where nothing happened. */
  get summary(): Fields {
    if (this.events.total === 0) return {};
    const events = [...this.events.all].map(([event, count]) => [`files_${event}`, count]);
    return { ...(Object.fromEntries(events) as Fields), fileBytes: this.bytes.total };
  }
}
