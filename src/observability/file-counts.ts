import type { Fields } from './logger.ts';
import { Counter } from './metrics.ts';

/** The events that are counted. */
export type FileEvent = 'stored' | 'failed' | 'read' | 'deleted';

/** The operations of the file store since these counts were made. */
export class FileCounts {
  /** `stored` and `failed` uploads, `read` files or parts of them, `deleted` files. */
  readonly events = new Counter();
  /** Bytes of the files that were stored. */
  readonly bytes = new Counter();

  count(event: FileEvent, count = 1): void {
    this.events.add(event, count);
  }

  stored(bytes: number): void {
    this.count('stored');
    this.bytes.add('', bytes);
  }

  /** The counts as fields of one log line; empty if nothing happened. */
  get summary(): Fields {
    if (this.events.total === 0) return {};
    const events = [...this.events.all].map(([event, count]) => [`files_${event}`, count]);
    return { ...(Object.fromEntries(events) as Fields), fileBytes: this.bytes.total };
  }
}
