import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Command, Result } from '../protocol/frames.ts';
import type { Present } from '../protocol/objects.ts';

/** How a transport reaches rooms, wherever they live. */
export interface RoomDirectory {
  /**
   * Runs a request of an identity without a connection. Resolves when its changes are durable;
   * never rejects.
   */
  execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>>;
  /**
   * Joins a room. The listener's first line will be `["joined", result]`.
   * @param silent only listens: not in presence, and no commands
   * @throws Refusal when the room refuses it
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
  /** Replaces its identity by a newer one of the same user. */
  renew(identity: Identity): void;
  /** Closes the link from the transport's side; the listener is not called again. */
  close(reason: 'left' | 'disconnected'): void;
}

/** The state from which a link is resumed, elsewhere or after a break. */
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
  /** Ends the link for a successor; undefined before the room was joined. */
  handOver(): MovedLink | undefined;
}

export interface MovedLink {
  state: LinkState;
  /** The signals received between this and the join of the successor. */
  late: Promise<readonly string[]>;
}

export interface LinkListener {
  /**
   * The lines of one frame, in order: replies and events, without the `position` line.
   * @param position the one of the frame's `position` line, if any; after a reconnect, where the page
   * of missed changes ended
   */
  lines(lines: readonly string[], position: string | undefined): void;
  /** The room, or the connection to it, has ended the link. */
  closed(code: number, reason: string): void;
  /** Unsent bytes for the client, if the transport knows. */
  readonly buffered: () => number | undefined;
}
