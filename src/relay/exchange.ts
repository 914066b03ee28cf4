import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { LeaveReason } from '../protocol/events.ts';
import type { Command } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { ConnectionState } from '../room/ports.ts';

/**
 * What a room and its relays send each other. Each side makes calls on the other, one at a time, each
 * repeated until it is answered; both recognise a call that they have had. Old and new code meet for
 * minutes after a deploy, so fields may be added and never change their meaning.
 */

/** What a relay asks of its room for one connection. */
export type RelayRequest =
  /** A socket wants in. The room's first order for it says that it may; a refusal is in the answer. */
  | { type: 'connect'; state: ConnectionState; join: unknown }
  | { type: 'command'; id: string; command: Command }
  | { type: 'malformedFrame'; id: string; problem: Problem }
  | { type: 'end'; id: string; code: CloseCode; reason?: string }
  | { type: 'refresh'; id: string; command: Command; verdict: Identity | Problem }
  | { type: 'answer'; id: string; command: Command; made: object | Problem }
  | { type: 'renew'; id: string; identity: Identity }
  /** The socket is gone. */
  | { type: 'depart'; id: string; reason: LeaveReason }
  /** It has lost something ephemeral. */
  | { type: 'lags'; id: string };

/** One call of a relay. */
export interface RequestCall {
  /** The relay's number. */
  relay: number;
  /** Which life of the relay's sockets: it grows when all of them are lost. */
  life: number;
  /** Which life of the relay's memory, in which `n` counts. */
  memory: string;
  n: number;
  requests: readonly RelayRequest[];
}

export interface RequestAnswer {
  /** Sockets that the room does not take. */
  refused: readonly { id: string; problem: Problem }[];
  /** Sockets to ask for again: the replies before them are as much as one call may hold. */
  later?: readonly string[];
}

/** What a room has a relay do. Orders apply one after the other. */
export type RelayOrder =
  /** The state of a connection changes; the first one opens the socket. */
  | { type: 'update'; id: string; change: Partial<ConnectionState> }
  | {
      type: 'send';
      id: string;
      frame: SentFrame;
      /** Its first line goes on with the text of the last order `tail` of this call. */
      hasTail?: true;
    }
  | { type: 'tail'; text: string }
  /** For every joined connection but some. */
  | {
      type: 'share';
      frame: SentFrame;
      except: readonly string[];
      /** What was missed over a crash of the room, as it stands now. */
      isMissed?: true;
    }
  | { type: 'close'; id: string; code: CloseCode; reason: string };

export interface SentFrame {
  lines: readonly string[];
  position?: string | undefined;
  ephemeral: boolean;
  /** Places of the lines that quiet connections do not get. */
  loud?: readonly number[];
}

/** One call of a room. A flush is never divided between two. */
export interface OrderCall {
  /** Which life of the room's memory, growing; `n` counts in it. */
  room: number;
  n: number;
  orders: readonly RelayOrder[];
  /** Where the room stood after the flush: what the relay's listeners have received then. */
  position: string;
  /** Users online by then. */
  onlineCount: number;
  /** The room has lost track: the relay first closes every socket with 4000. */
  resets?: true;
}

export interface OrderAnswer {
  /** As in `RequestCall`. */
  life: number;
}

/** What a room learns of a relay when it wakes. */
export interface Attached {
  life: number;
  states: readonly ConnectionState[];
  /** What the relay's listeners have received; undefined while there were none. */
  position: string | undefined;
  onlineCount: number | undefined;
}

/** Time to the next attempt at a call, in milliseconds, after so many have failed in a row. */
export function retryMs(failures: number): number {
  return Math.min(5_000, 50 * 2 ** failures);
}

/** So many failures in a row, some 12 s: the other side is gone for its clients. */
export const GONE_FAILURES = 8;
