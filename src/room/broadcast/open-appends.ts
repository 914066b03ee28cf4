import type { EventPayload } from '../../protocol/events.ts';
import { eventLine } from '../../protocol/frames.ts';
import type { Entry } from './framing.ts';

type Appended = EventPayload<'messageAppended'>;

/** An append that waits in the outbox, and the id of the connection that gave it, which gets no event. */
interface OpenAppend {
  payload: Appended;
  entry: Entry;
  by: string | undefined;
}

/**
 * The appends of the next flush that more text can be added to: consecutive appends to one message
 * share a `rev`, a stored row and an event. Anything else that happens in the room closes them, because
 * a state that was read at a `rev` must not change under the same `rev`.
 */
export class OpenAppends {
  /** Callers clear it when a flush sends the appends, and when anything else happens in the room. */
  readonly bySeq = new Map<number, OpenAppend>();

  /** @param by the id of the connection that appends; undefined over HTTP */
  find(seq: number, by: string | undefined): Pick<Appended, 'rev' | 'offset'> | undefined {
    const open = this.bySeq.get(seq);
    return open?.by === by ? open?.payload : undefined;
  }

  /** @param entry the event's entry in the outbox */
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
