import type { Result } from '../protocol/frames.ts';
import type { Connection } from './connection.ts';
import type { AnyCommand, PayloadOf, ReplyOf } from './pending-commands.ts';

/** A reply with a position. */
export interface Positioned {
  position: string;
  reset?: true | undefined;
}

/** How a room or an inbox is followed. */
export interface Followed<Opening extends Positioned, PageName extends AnyCommand> {
  /** The name of the first tuple on a socket. */
  opening: string;
  /** The command that requests a page of missed changes. */
  page: PageName;
  /** @param position that of the previous page */
  payload: (position: string) => PayloadOf<PageName>;
  /** Whether a further page of missed changes must be requested after this reply. */
  isPartial: (reply: Opening | ReplyOf<PageName>) => boolean;
}

/** Follows a room or an inbox from a position on: requests the pages of missed changes. */
export class Follower<Opening extends Positioned, PageName extends AnyCommand> {
  readonly #followed: Followed<Opening, PageName>;
  readonly #connection: Pick<Connection<Opening, PageName>, 'ask'>;
  readonly #listener: { missed(page: ReplyOf<PageName>): void };
  readonly #reset: () => void;
  /** The position to resume from; undefined where nothing is known yet. */
  position: string | undefined;
  /** Until the last page of missed changes has arrived, only pages move the position. */
  isCatchingUp = false;

  /**
   * @param listener receives each page
   * @param reset called when the position is no longer valid: connect again, without one
   */
  constructor(
    followed: Followed<Opening, PageName>,
    connection: Pick<Connection<Opening, PageName>, 'ask'>,
    listener: { missed(page: ReplyOf<PageName>): void },
    reset: () => void,
  ) {
    this.#followed = followed;
    this.#connection = connection;
    this.#listener = listener;
    this.#reset = reset;
  }

  /**
   * The first tuple has arrived: the room is joined, or the inbox open.
   * @returns whether the reply holds the changes since a position
   */
  joined(reply: Opening): boolean {
    const hasResumed = this.position !== undefined;
    this.isCatchingUp = hasResumed && this.#followed.isPartial(reply);
    this.position = reply.position;
    return hasResumed;
  }

  /** Everything up to a position has arrived, except pages of missed changes. */
  reached(position: string): void {
    if (!this.isCatchingUp) this.position = position;
  }

  /** Requests the missed changes that the first reply did not hold, page by page. */
  catchUp(): void {
    if (!this.isCatchingUp) return;
    const { page, payload, isPartial } = this.#followed;
    this.#connection.ask(page, payload(this.position ?? ''), (answer) => {
      const result = answer as Result<ReplyOf<PageName> & Positioned> | undefined;
      if (result === undefined) return;
      if (!result.ok || result.reset === true) {
        this.position = undefined;
        this.#reset();
        return;
      }
      this.position = result.position;
      this.isCatchingUp = isPartial(result);
      this.#listener.missed(result);
      this.catchUp();
    });
  }
}
