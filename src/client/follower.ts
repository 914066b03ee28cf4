import type { Result } from '../protocol/frames.ts';
import type { Connection } from './connection.ts';
import type { AnyCommand, PayloadOf, ReplyOf } from './pending-commands.ts';

/** What a reply says of where it stands. */
export interface Positioned {
  position: string;
  reset?: true | undefined;
}

/** How an object, a room or an inbox, is followed. */
export interface Followed<Opening extends Positioned, PageName extends AnyCommand> {
  /** The name of the first tuple on a socket. */
  opening: string;
  /** The command that asks for a page of what was missed. */
  page: PageName;
  /** @param position that of the page before */
  payload: (position: string) => PayloadOf<PageName>;
  /** Whether more of what was missed is to be asked for after this reply. */
  isPartial: (reply: Opening | ReplyOf<PageName>) => boolean;
}

/** Follows an object from a position on: asks for the pages of what was missed. */
export class Follower<Opening extends Positioned, PageName extends AnyCommand> {
  readonly #followed: Followed<Opening, PageName>;
  readonly #connection: Pick<Connection<Opening, PageName>, 'ask'>;
  readonly #missed: (page: ReplyOf<PageName>) => void;
  readonly #reset: () => void;
  /** What to come back with; undefined where nothing is known of the object. */
  position: string | undefined;
  /** Until the last page of what was missed is here, only pages move the position. */
  isCatchingUp = false;

  /**
   * @param missed called with each page
   * @param reset called when the position is void: connect again, without one
   */
  constructor(
    followed: Followed<Opening, PageName>,
    connection: Pick<Connection<Opening, PageName>, 'ask'>,
    missed: (page: ReplyOf<PageName>) => void,
    reset: () => void,
  ) {
    this.#followed = followed;
    this.#connection = connection;
    this.#missed = missed;
    this.#reset = reset;
  }

  /**
   * The first tuple has come: the room is joined, or the inbox open.
   * @returns whether the reply says what has changed since a position
   */
  joined(reply: Opening): boolean {
    const hasResumed = this.position !== undefined;
    this.isCatchingUp = hasResumed && this.#followed.isPartial(reply);
    this.position = reply.position;
    return hasResumed;
  }

  /** Everything up to a position has come, but for pages of what was missed. */
  reached(position: string): void {
    if (!this.isCatchingUp) this.position = position;
  }

  /** Asks for what was missed beyond the first reply, page by page. */
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
      this.#missed(result);
      this.catchUp();
    });
  }
}
