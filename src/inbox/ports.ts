import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Ports } from '../room/ports.ts';

/** Something that an inbox asks of a room or of another user's inbox. */
export interface Ask {
  /** `direct`: the direct room of the user and that one, whose id the host computes. */
  to: { room: string } | { direct: string } | { inbox: string };
  /** On whose behalf: the user of the inbox, or the service itself where no right of the user matters. */
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
   * Asks once. `settle` is called once, in a later turn of the inbox, which then flushes; what cannot
   * be reached answers `unavailable`. Never throws.
   */
  ask(ask: Ask, settle: (answer: Answer) => void): void;
}

/** What inboxes ask of their host. */
export interface InboxPorts extends Omit<Ports, 'firstEpoch'> {
  /** The epoch of a user's inbox until it is erased; as `firstEpoch` of a room's ports. */
  firstEpochOf(userId: string): string;
  peers: Peers;
}

/** Which users may open a direct room with each other. */
export type DirectMessages = 'anyone' | 'shared' | 'off';

/** What an inbox says of whether another user may open a direct room with its own. */
export interface Admission {
  isAdmitted: boolean;
  isBlocked: boolean;
}
