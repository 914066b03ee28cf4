import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { LeaveReason } from '../protocol/events.ts';
import type { Command } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { ConnectionState } from '../room/ports.ts';

/**
 * What a room and its relays send each other. Each side calls the other, one call at a time, each
 * repeated until it is answered; both recognise a repeated call. Old and new code meet for minutes
 * after a deploy, so fields may be added and never change their meaning.
 */

/** What a relay asks of its room for one connection. */
export type RelayRequest =
  /** Connects a socket. The room's first order for it accepts it; a refusal is in the answer. */
  | { type: 'connect'; state: ConnectionState; join: unknown }
  | { type: 'command'; id: string; command: Command }
  | { type: 'malformedFrame'; id: string; problem: Problem }
  | { type: 'end'; id: string; code: CloseCode; reason?: string }
  | { type: 'refresh'; id: string; command: Command; verdict: Identity | Problem }
  | { type: 'answer'; id: string; command: Command; made: object | Problem }
  | { type: 'renew'; id: string; identity: Identity }
  /** The socket is gone. */
  | { type: 'depart'; id: string; reason: LeaveReason }
  /** The connection has lost ephemeral events, because its client reads too slowly. */
  | { type: 'lags'; id: string };

/** One call of a relay. */
export interface RequestCall {
  /** The relay's number. */
  relay: number;
  /** The life of the relay's sockets, a number that grows when all of them are lost. */
  life: number;
  /** Identifies one life of the relay's memory, within which `n` counts. */
  memory: string;
  n: number;
  requests: readonly RelayRequest[];
  /**
   * Where each request stands in the call as it was first sent: one that is repeated may have fewer.
   * Missing in calls of a relay that does not know `undoneFrom`.
   */
  places?: readonly number[];
}

export interface RequestAnswer {
  /** Sockets that the room refuses. */
  refused: readonly { id: string; problem: Problem }[];
  /** Ids of sockets to connect in a later call: the replies before theirs fill one already. */
  later?: readonly string[];
  /**
   * The requests from this place on were not executed, because much text waits for the relay. It sends
   * them again in its next call.
   */
  undoneFrom?: number | undefined;
}

/** What a room has a relay do. Orders are executed one after the other. */
export type RelayOrder =
  /** The state of a connection changes; the first one opens the socket. */
  | { type: 'update'; id: string; change: Partial<ConnectionState> }
  | {
      type: 'send';
      id: string;
      frame: SentFrame;
      /** The first line ends with the text of the last order `tail` of this call, left out here. */
      hasTail?: true;
    }
  | { type: 'tail'; text: string }
  /** For every joined connection but some. */
  | {
      type: 'share';
      frame: SentFrame;
      except: readonly string[];
      /** Whether these are the changes that were missed when the room crashed, in their current state. */
      isMissed?: true;
    }
  | { type: 'close'; id: string; code: CloseCode; reason: string };

export interface SentFrame {
  lines: readonly string[];
  position?: string | undefined;
  ephemeral: boolean;
  /** Indexes of the lines that quiet connections do not get. */
  loud?: readonly number[];
}

/** One call of a room. A flush is never divided between two calls. */
export interface OrderCall {
  /** The life of the room's memory, a number that grows with each; `n` counts within it. */
  room: number;
  n: number;
  orders: readonly RelayOrder[];
  /** The room's position after the flush; this call brings the relay's listeners up to it. */
  position: string;
  /** Users online after the flush. */
  onlineCount: number;
  /** The room has lost track of the relay, which first closes every socket with 4000. */
  resets?: true;
}

export interface OrderAnswer {
  /** As in `RequestCall`. */
  life: number;
}

/** A relay's answer to a room that has woken. */
export interface Attached {
  life: number;
  states: readonly ConnectionState[];
  /** The position that the relay's listeners have received; undefined while there were none. */
  position: string | undefined;
  onlineCount: number | undefined;
}

/** Time to the next attempt at a call, in milliseconds, after this many failures in a row. */
export function retryMs(failures: number): number {
  return Math.min(5_000, 50 * 2 ** failures);
}

/** After this many failures in a row, some 12 s, the other side counts as gone. */
export const GONE_FAILURES = 8;
