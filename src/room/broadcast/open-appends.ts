import type { EventPayload } from '../../protocol/events.ts';
import { eventLine } from '../../protocol/frames.ts';
import type { Entry } from './framing.ts';

type Appended = EventPayload<'messageAppended'>;

/** An append that waits in the outbox, and the connection that does not hear of it. */
interface OpenAppend {
  payload: Appended;
  entry: Entry;
  by: string | undefined;
}

/**
 * The appends of the next flush that more text can join: appends to one message that follow each other
 * share a `rev`, a stored row and an event. Whatever else happens in the room closes them, because a
 * state that was read at a `rev` must not grow under it.
 */
export class OpenAppends {
  /** To be cleared when a flush hands them out, and when something else happens. */
  readonly bySeq = new Map<number, OpenAppend>();

  /** @param by the connection that appends; none over HTTP */
  find(seq: number, by: string | undefined): Pick<Appended, 'rev' | 'offset'> | undefined {
    const open = this.bySeq.get(seq);
    return open?.by === by ? open?.payload : undefined;
  }

  /** @param entry of this event in the outbox */
  add(payload: Appended, entry: Entry): void {
    const { audience } = entry;
    const by = audience.to === 'everyone' ? audience.except : undefined;
    if (payload.status === undefined) {
      this.bySeq.set(payload.seq, { payload: { ...payload }, entry, by });
    }
  }

  extend(seq: number, text: string): void {
    const open = this.bySeq.get(seq);
    if (open === undefined) return;
    open.payload.text += text;
    open.entry.line = eventLine('messageAppended', open.payload);
  }
}
