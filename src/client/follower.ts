import type { Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { Connection, ConnectionListener } from './connection.ts';
import type { PendingCommands } from './pending-commands.ts';

type JoinReply = Reply<'joinRoom'>;
type Tuple = [name: string, payload: unknown, result: unknown];

/** Follows a room from a position on: reads its frames, and asks for the pages of what was missed. */
export class Follower {
  readonly #connection: Pick<Connection, 'ask'>;
  readonly #pending: Pick<PendingCommands, 'answer'>;
  readonly #listener: Pick<ConnectionListener, 'event' | 'missed'>;
  readonly #answered: (result: Result<JoinReply>) => void;
  readonly #reset: () => void;
  /** What to come back with; undefined where nothing is known of the room. */
  position: string | undefined;
  /** Until the last page of what was missed is here, only pages move the position. */
  #isCatchingUp = false;

  /**
   * @param answered called with the answer to the handshake
   * @param reset called when the position is void: connect again, without one
   */
  constructor(
    connection: Pick<Connection, 'ask'>,
    pending: Pick<PendingCommands, 'answer'>,
    listener: Pick<ConnectionListener, 'event' | 'missed'>,
    answered: (result: Result<JoinReply>) => void,
    reset: () => void,
  ) {
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

  /** The room is joined. */
  joined({ position, complete }: JoinReply): void {
    this.position = position;
    this.#isCatchingUp = complete === false;
  }

  /** Asks for what was missed beyond the join reply, page by page. */
  catchUp(): void {
    if (!this.#isCatchingUp) return;
    this.#connection.ask('getMissed', { after: this.position ?? '' }, (result) => {
      if (result === undefined) return;
      if (!result.ok || result.reset === true) {
        this.position = undefined;
        this.#reset();
        return;
      }
      this.position = result.position;
      this.#isCatchingUp = !result.complete;
      this.#listener.missed(result);
      this.catchUp();
    });
  }

  #tuple([name, payload, result]: Tuple): void {
    switch (name) {
      case 'joined':
        this.#answered(payload as Result<JoinReply>);
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
