import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Ports } from '../room/ports.ts';

/** A request of an inbox to a room or to another user's inbox. */
export interface Ask {
  /** `direct`: the direct room with this user; the host computes its id. */
  to: { room: string } | { direct: string } | { inbox: string };
  /** The user of the inbox, or the service itself where the user's rights do not matter. */
  identity: Identity;
  name: string;
  payload: object;
}

/** @property roomId of the room that answered; undefined for an inbox */
export interface Answer {
  roomId?: string | undefined;
  result: Result;
}

/** How an inbox reaches rooms and other inboxes. */
export interface Peers {
  /**
   * Asks once. `settle` is called once, in a later turn of the inbox, which then flushes; with
   * `unavailable` if the room or inbox cannot be reached. Never throws.
   */
  ask(ask: Ask, settle: (answer: Answer) => void): void;
}

/** What inboxes ask of their host. */
export interface InboxPorts extends Omit<Ports, 'firstEpoch'> {
  /** The epoch of a user's inbox until it is erased, like `firstEpoch` in a room's ports. */
  firstEpochOf(userId: string): string;
  peers: Peers;
}

/** Which users may open a direct room with each other. */
export type DirectMessages = 'anyone' | 'shared' | 'off';

/** An inbox's answer whether another user may open a direct room with its user. */
export interface Admission {
  isAdmitted: boolean;
  isBlocked: boolean;
}
