import type { Connection } from '../ports.ts';
import type { Audience } from './audience.ts';
import { Frame } from './frame.ts';

/** A line of the outbox; entries are in the order in which they were decided. */
export interface Entry {
  line: string;
  audience: Audience;
  /** The room's position after the change, if it is a durable one. */
  position?: string | undefined;
  ephemeral: boolean;
  /** Not for quiet connections. */
  loud?: boolean;
  /** May wait at a flush for further events to leave with it. */
  deferrable: boolean;
}

/** A range of entries that were decided while a connection was joined: indexes from `from`, below `to`. */
export interface Span {
  from: number;
  to: number;
}

/**
 * One connection's own frame.
 * @param spans when it was joined; undefined: always if it is joined now, else never
 */
export function ownFrame(
  { state }: Pick<Connection, 'state'>,
  entries: readonly Entry[],
  spans: readonly Span[] | undefined,
): Frame | undefined {
  return frameOf(
    entries.filter(({ audience, loud }, at) => {
      if (loud === true && state.quiet === true) return false;
      if (audience.to === 'connection') return audience.id === state.id;
      if (audience.to === 'user' && audience.userId !== state.identity.userId) return false;
      if (audience.to === 'everyone' && audience.except === state.id) return false;
      if (spans === undefined) return state.joined;
      return spans.some(({ from, to }) => at >= from && at < to);
    }),
  );
}

/** Entries as one frame; those for everyone make the one that most connections share. */
export function frameOf(entries: readonly Entry[]): Frame | undefined {
  if (entries.length === 0) return undefined;
  return new Frame(
    entries.map(({ line }) => line),
    entries.findLast(({ position }) => position !== undefined)?.position,
    entries.every(({ ephemeral }) => ephemeral),
    entries.flatMap(({ loud }, at) => (loud === true ? [at] : [])),
  );
}
