import type { Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { Answered, PendingCommands } from './pending-commands.ts';

type JoinReply = Reply<'joinRoom'>;
type Tuple = [name: string, payload: unknown, result: unknown];

interface Ports {
  pending: Pick<PendingCommands, 'answer'>;
  /** The answer to the handshake. */
  joined: (result: Result<JoinReply>) => void;
  event: (name: string, payload: unknown) => void;
  /** A page of what was missed, after the one in the join reply. */
  missed: (page: Reply<'getMissed'>) => void;
  askMissed: (after: string, answered: Answered<Reply<'getMissed'>>) => void;
  /** The position is void: connect again, without one. */
  reset: () => void;
}

/** Follows a room from a position on: reads its frames, and asks for the pages of what was missed. */
export class Follower {
  readonly #ports: Ports;
  /** What to come back with; undefined where nothing is known of the room. */
  position: string | undefined;
  /** Until the last page of what was missed is here, only pages move the position. */
  #isCatchingUp = false;

  constructor(ports: Ports) {
    this.#ports = ports;
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
    this.#ports.askMissed(this.position ?? '', (result) => {
      if (result === undefined) return;
      if (!result.ok || result.reset === true) {
        this.position = undefined;
        this.#ports.reset();
        return;
      }
      this.position = result.position;
      this.#isCatchingUp = !result.complete;
      this.#ports.missed(result);
      this.catchUp();
    });
  }

  #tuple([name, payload, result]: Tuple): void {
    const { pending, joined, event } = this.#ports;
    switch (name) {
      case 'joined':
        joined(payload as Result<JoinReply>);
        break;
      case 'ack':
        pending.answer(result as Result, payload as number);
        break;
      case 'position':
        if (!this.#isCatchingUp) this.position = payload as string;
        break;
      case 'error':
        // Every command here asks for a reply, so this is about a frame that could not be read: the
        // oldest that is not answered, since answers come in the order of the commands.
        pending.answer({ ok: false, error: payload as Problem });
        break;
      default:
        event(name, payload);
    }
  }
}
