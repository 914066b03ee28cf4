import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Command, Result } from '../protocol/frames.ts';
import type { Present } from '../protocol/objects.ts';

/** How a transport reaches rooms, wherever they live. */
export interface RoomDirectory {
  /** Does something for an identity that has not joined. Answers when it is stored; never rejects. */
  execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>>;
  /**
   * Joins a room. The listener's first line will be `["joined", result]`.
   * @param silent only listens: not in presence, and no commands
   * @throws Refusal when the room does not take it
   */
  connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent?: boolean,
  ): Promise<RoomLink>;
}

/** A transport's end of a connection to a room. */
export interface RoomLink {
  send(command: Command): void;
  /** Puts a newer identity of the same user in the place of the one it was made with. */
  renew(identity: Identity): void;
  /** Ends it from the transport's side; the listener is not called again. */
  close(reason: 'left' | 'disconnected'): void;
}

/** What a link goes on from, elsewhere or after a break. */
export interface LinkState {
  join: Record<string, unknown>;
  position: string;
  /** The users whom the client shows as present, where that is known. */
  here?: Present[];
}

/** Rooms whose links can be handed over to another holder. */
export interface MovableDirectory extends RoomDirectory {
  connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent?: boolean,
  ): Promise<MovableLink>;
  /** Continues a link that was held elsewhere; missed changes come first. */
  resume(roomId: string, identity: Identity, state: LinkState, listener: LinkListener): MovableLink;
}

export interface MovableLink extends RoomLink {
  /** Ends it for another to go on from; undefined before the room was joined. */
  handOver(): MovedLink | undefined;
}

export interface MovedLink {
  state: LinkState;
  /** The signals that came between this and the join of the link that goes on. */
  late: Promise<readonly string[]>;
}

export interface LinkListener {
  /**
   * What came together, in order: replies and events, without the `position` line.
   * @param position of the `position` line, where there is one; after a reconnect, where the page of
   * missed changes ended
   */
  lines(lines: readonly string[], position: string | undefined): void;
  /** The room, or what leads to it, has ended the link. */
  closed(code: number, reason: string): void;
  /** Bytes that wait unsent for the client, where the transport knows. */
  readonly buffered: () => number | undefined;
}
