import type { CommandName, Reply } from '../../src/protocol/commands.ts';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import type { EventName, EventPayload } from '../../src/protocol/events.ts';
import type { Result } from '../../src/protocol/frames.ts';
import type { HostKey } from './hosts.ts';

/** What a client shows to say who it is; nothing at all for a guest. */
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

/** One thing that came to a client: a reply, under the name of its command, or an event. */
export interface Heard {
  kind: 'reply' | 'event';
  name: string;
  payload: unknown;
}

/** A person's client at some transport: the same to a story, whatever carries it. */
export interface Visitor {
  /** Everything that has come, in the order it came; never `position` lines. */
  readonly stream: readonly Heard[];
  /** Connects if need be, and joins. */
  join(roomId: string, joining?: Joining): Promise<Result<Reply<'joinRoom'>>>;
  /** Gives a command and waits for its reply. */
  command<N extends string>(name: N, payload: unknown): Promise<Result<ReplyOf<N>>>;
  /** Gives a command and asks for no reply. */
  tell(name: string, payload: unknown): void;
  /** What to come back to a room with. */
  position(roomId: string): string;
  /** Ends everything as one who means to go. */
  close(): Promise<void>;
  /** Cuts the transport: the other side gets no goodbye. */
  drop(): Promise<void>;
  /** Waits for the other side to end it: the close code, or what Socket.IO calls the reason. */
  ended(): Promise<number | string>;
  /** The events of one name so far. */
  heard<N extends EventName>(name: N): EventPayload<N>[];
  /** The first event of that name that fits, waiting for it if need be. */
  hears<N extends EventName>(
    name: N,
    fits?: (payload: EventPayload<N>) => boolean,
  ): Promise<EventPayload<N>>;
  /** Waits until `look` finds something; asked again whenever something has come. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T>;
}

/** A way into rooms: to add one is to add an entry to `transports`. */
export interface Transport {
  name: string;
  host: HostKey;
  /** How clients of this transport write their rooms: one socket for all, or one for each. */
  socketHolds: 'one room' | 'many rooms';
  visit(url: string, who: Who): Visitor;
}

/** The payload of an `ok` reply; anything else fails the test. */
export function ok<R extends object>(result: Result<R>): R {
  if (result.ok) return result;
  throw new Error(`Refused: ${JSON.stringify(result.error)}`);
}

/** The problem of a refusal; an `ok` reply fails the test. */
export function refusal(result: Result): Problem {
  if (!result.ok) return result.error;
  throw new Error(`Not refused: ${JSON.stringify(result)}`);
}
