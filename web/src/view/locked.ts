import type { Room, Status } from '../../../src/client/index.ts';
import { whyCannotSend } from '../rights.ts';
import { durationOf, sentenceOfEnd } from '../sentences.ts';
import { button, byId, element, setText } from './dom.ts';
import { text } from '../texts.ts';

/** How often the remaining wait is updated, in milliseconds. */
const COUNT_MS = 1_000;
const KICKED = 4501;

type Ended = Extract<Status, { name: 'ended' }>;

export interface LockedActions {
  leave: () => void;
  signIn: (problem: string) => void;
}

/** Takes the composer's place while the user cannot write: says why, and what to do. */
export class Locked {
  readonly #room: Room;
  readonly #changed: () => void;
  readonly #waysOut: LockedActions;
  readonly #element = byId('locked', HTMLDivElement);
  /** When the room ended the connection, epoch milliseconds. */
  #endedAt: number | undefined;
  #countdown: ReturnType<typeof setTimeout> | undefined;
  #drawn = '';

  /** @param changed draws the room again */
  constructor(room: Room, changed: () => void, waysOut: LockedActions, life: AbortSignal) {
    this.#room = room;
    this.#changed = changed;
    this.#waysOut = waysOut;
    this.#element.replaceChildren();
    const off = room.on('status', (status) => this.#statusChanged(status));
    life.addEventListener('abort', () => {
      clearTimeout(this.#countdown);
      off();
      this.#element.replaceChildren();
    });
  }

  /** @returns whether the user cannot write; undefined while the room is being asked */
  render(): boolean | undefined {
    const { state } = this.#room;
    const { status } = state;
    if (this.#endedAt !== undefined && status.name === 'connecting') return undefined;
    const waitMs = this.#waitMs(status);
    clearTimeout(this.#countdown);
    if (waitMs > 0) this.#countdown = setTimeout(this.#changed, COUNT_MS);
    const until = waitMs > 0 ? Date.now() + waitMs : undefined;
    const why =
      status.name === 'ended'
        ? sentenceOfEnd(status, until, state.you !== undefined)
        : whyCannotSend(state, Date.now());
    this.#element.hidden = why === undefined;
    const drawn = `${status.name} ${why ?? ''}`;
    if (why !== undefined && this.#drawn !== drawn) {
      this.#element.replaceChildren(element('p', '', why), ...this.#buttons(status, why));
    }
    this.#drawn = drawn;
    const again = this.#element.querySelector<HTMLButtonElement>('.again');
    if (again !== null) {
      again.disabled = waitMs > 0;
      setText(
        again,
        waitMs > 0 ? text('joinAgainIn', { time: durationOf(waitMs) }) : text('joinAgain'),
      );
    }
    return why !== undefined;
  }

  #statusChanged(status: Status): void {
    const isFirst = this.#endedAt === undefined;
    if (status.name === 'open') this.#endedAt = undefined;
    if (status.name !== 'ended') return;
    this.#endedAt = Date.now();
    // A kick does not say how long it lasts; the answer to joining does.
    if (isFirst && isKick(status)) queueMicrotask(() => this.#room.join());
  }

  /** How long it is until the user may join again, in milliseconds. */
  #waitMs(status: Status): number {
    if (status.name !== 'ended') return 0;
    const { retryAfterMs = 0 } = status.problem;
    return Math.max(0, (this.#endedAt ?? Date.now()) + retryAfterMs - Date.now());
  }

  #buttons(status: Status, why: string): HTMLElement[] {
    if (status.name !== 'ended') return [];
    const leave = button(text('leaveRoom'), () => this.#waysOut.leave());
    if (isAboutToken(status)) {
      return [button(text('signInAgain'), () => this.#waysOut.signIn(why)), leave];
    }
    const again = button(text('joinAgain'), () => this.#room.join());
    again.classList.add('again');
    // A screen reader must not read every second of the countdown.
    again.ariaLive = 'off';
    return [again, leave];
  }
}

function isAboutToken({ problem }: Ended): boolean {
  return /^(unauthorized|token_expired)$/.test(problem.code);
}

/** Whether the user was removed for a while, without the room saying for how long. */
function isKick({ code, problem }: Ended): boolean {
  const isErased = !problem.message.startsWith('You were kicked');
  return code === KICKED && problem.retryAfterMs === undefined && !isErased;
}
