import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { Connection, ConnectionListener } from './connection.ts';
import type { AnyCommand, PayloadOf, PendingCommands, ReplyOf } from './pending-commands.ts';

type Tuple = [name: string, payload: unknown, result: unknown];

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

/** Follows an object from a position on: reads its frames, and asks for the pages of what was missed. */
export class Follower<Opening extends Positioned, PageName extends AnyCommand> {
  readonly #followed: Followed<Opening, PageName>;
  readonly #connection: Pick<Connection<Opening, PageName>, 'ask'>;
  readonly #pending: Pick<PendingCommands, 'answer'>;
  readonly #listener: Pick<ConnectionListener<Opening, ReplyOf<PageName>>, 'event' | 'missed'>;
  readonly #answered: (result: Result<Opening>) => void;
  readonly #reset: () => void;
  /** What to come back with; undefined where nothing is known of the object. */
  position: string | undefined;
  /** Until the last page of what was missed is here, only pages move the position. */
  #isCatchingUp = false;

  /**
   * @param answered called with the answer to the handshake
   * @param reset called when the position is void: connect again, without one
   */
  constructor(
    followed: Followed<Opening, PageName>,
    connection: Pick<Connection<Opening, PageName>, 'ask'>,
    pending: Pick<PendingCommands, 'answer'>,
    listener: Pick<ConnectionListener<Opening, ReplyOf<PageName>>, 'event' | 'missed'>,
    answered: (result: Result<Opening>) => void,
    reset: () => void,
  ) {
    this.#followed = followed;
    this.#connection = connection;
    this.#pending = pending;
    this.#listener = listener;
    this.#answered = answered;
    this.#reset = reset;
  }

  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /**
   * Takes a frame in.
   * @param isOpen asked after each line: what a line says can end the connection
   * @returns whether the connection still holds
   */
  frame(frame: string, isOpen: () => boolean): boolean {
    for (const line of frame.split('\n')) {
      this.#tuple(JSON.parse(line) as Tuple);
      if (!isOpen()) return false;
    }
    return true;
  }

  /**
   * The first tuple has come: the room is joined, or the inbox open.
   * @returns whether the reply says what has changed since a position
   */
  joined(reply: Opening): boolean {
    const hasResumed = this.position !== undefined;
    this.#isCatchingUp = hasResumed && this.#followed.isPartial(reply);
    this.position = reply.position;
    return hasResumed;
  }

  /** Asks for what was missed beyond the first reply, page by page. */
  catchUp(): void {
    if (!this.#isCatchingUp) return;
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
      this.#isCatchingUp = isPartial(result);
      this.#listener.missed(result);
      this.catchUp();
    });
  }

  #tuple([name, payload, result]: Tuple): void {
    switch (name) {
      case this.#followed.opening:
        this.#answered(payload as Result<Opening>);
        break;
      case 'ack':
        this.#pending.answer(result as Result, payload as number);
        break;
      case 'position':
        if (!this.#isCatchingUp) this.position = payload as string;
        break;
      case 'error':
        // Every command here asks for a reply, so this is about a frame that could not be read: the
        // oldest that is not answered, since answers come in the order of the commands.
        this.#pending.answer({ ok: false, error: payload as Problem });
        break;
      default:
        this.#listener.event(name, payload);
    }
  }
}
