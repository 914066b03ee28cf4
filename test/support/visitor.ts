import type { CommandName, Reply } from '../../src/protocol/commands.ts';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import type { EventName, EventPayload } from '../../src/protocol/events.ts';
import type { Result } from '../../src/protocol/frames.ts';
import type { HostKey } from './hosts.ts';

/** A client's credentials; empty for a new guest. */
export interface Who {
  token?: string | undefined;
  guestToken?: string | undefined;
}

export interface Joining {
  since?: string;
  history?: number;
  username?: string;
  gather?: boolean;
  session?: string;
  quiet?: boolean;
}

export type ReplyOf<N extends string> = N extends CommandName ? Reply<N> : object;

/** One thing that a client received: a reply, with the name of its command, or an event. */
export interface Heard {
  kind: 'reply' | 'event';
  name: string;
  payload: unknown;
  /** The further arguments of a signal with several. */
  more?: unknown[];
}

/** A user's client at any transport, with the same interface for all tests. */
export interface Visitor {
  /** Everything received, in order, except `position` lines. */
  readonly stream: readonly Heard[];
  /** Joins a room; connects first if needed. */
  join(roomId: string, joining?: Joining): Promise<Result<Reply<'joinRoom'>>>;
  /** Gives a command and waits for its reply. @param more further arguments, as signals may have */
  command<N extends string>(
    name: N,
    payload: unknown,
    ...more: unknown[]
  ): Promise<Result<ReplyOf<N>>>;
  /** Gives a command without asking for a reply. */
  tell(name: string, payload: unknown): void;
  /** The position in a room to resume from. */
  position(roomId: string): string;
  /** Closes its sockets properly. */
  close(): Promise<void>;
  /** Cuts its connections without a Close frame or a goodbye. */
  drop(): Promise<void>;
  /** Waits until a socket has ended. @returns the close code, or Socket.IO's reason */
  ended(): Promise<number | string>;
  /** The payloads of the events of this name so far. */
  heard<N extends EventName>(name: N): EventPayload<N>[];
  /** The first event of this name that fits; waits for one if none has come yet. */
  hears<N extends EventName>(
    name: N,
    fits?: (payload: EventPayload<N>) => boolean,
  ): Promise<EventPayload<N>>;
  /** Waits until `look` finds something; calls it again after everything received. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T>;
}

/** A transport at a host. To add one, add an entry to transports.ts. */
export interface Transport {
  name: string;
  host: HostKey;
  /** Whether a client has one socket for each room or one for all. */
  socketHolds: 'one room' | 'many rooms';
  visit(url: string, who: Who): Visitor;
}

/** The reply of an `ok` result. @throws if it is a refusal */
export function ok<R extends object>(result: Result<R>): R {
  if (result.ok) return result;
  throw new Error(`Refused: ${JSON.stringify(result.error)}`);
}

/** The problem of a refusal. @throws if it is an `ok` result */
export function refusal(result: Result): Problem {
  if (!result.ok) return result.error;
  throw new Error(`Not refused: ${JSON.stringify(result)}`);
}
