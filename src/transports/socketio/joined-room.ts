import { Refusal, unavailableProblem } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import {
  gatheredLine,
  isRefused,
  isSignal,
  type LineReply,
  replyIn,
} from '../../protocol/frames.ts';
import { assertPlain } from '../../protocol/shape.ts';
import { MAX_LATE_SIGNALS } from '../../following/late-signals.ts';
import { memoizeByIdentity } from '../../following/memoize-by-identity.ts';
import type { LinkListener, RoomLink } from '../../host/room-directory.ts';
import { type CommandAnswers, fieldsOf, type PendingCommand } from './command-answers.ts';
import type { SocketWire } from './socket-wire.ts';

/** What a joined room needs of its socket. */
export interface RoomSocket {
  readonly wire: SocketWire;
  readonly answers: CommandAnswers;
  readonly limits: Limits;
  /** The client has left the room. */
  left(room: JoinedRoom): void;
  /** The room has ended the link. */
  closedBy(room: JoinedRoom, code: number, reason: string): void;
}

/** How many commands may wait for a room that is being joined or left. */
const MAX_WAITING = 64;

/**
 * One room of a socket: its link, the commands that it has not answered, and those that wait for the
 * room to be joined or left. Lines of the link become events and answers.
 */
export class JoinedRoom<L extends RoomLink = RoomLink> implements LinkListener {
  readonly roomId: string;
  readonly buffered: SocketWire['buffered'];
  /** Missing until the room is joined. */
  link: L | undefined;
  readonly #socket: RoomSocket;
  /** Whether all events of a frame go out as the one event `events`. */
  #gather: boolean;
  /** The command that made the link; undefined if another holder made it. */
  readonly #join: PendingCommand | undefined;
  /** Commands after a `leaveRoom` wait for its answer, because they may join again. */
  #isLeaving = false;
  #waiting: (() => void)[] = [];
  /** Signals that wait for earlier ones, which the room has sent to the link's last holder. */
  #held: readonly string[] | undefined;
  readonly #pending = new Map<number, PendingCommand>();
  #nextRef = 0;

  constructor(socket: RoomSocket, roomId: string, gather: boolean, join?: PendingCommand) {
    this.#socket = socket;
    this.roomId = roomId;
    this.buffered = socket.wire.buffered;
    this.#gather = gather;
    this.#join = join;
  }

  /** Keeps signals back until `releaseSignals`, so that none overtakes an earlier one. */
  holdSignals(): void {
    this.#held = [];
  }

  /** Sends the signals that the link's last holder has received, then those that waited. */
  releaseSignals(earlier: readonly string[]): void {
    if (this.#held === undefined) return;
    const lines = [...earlier, ...this.#held];
    this.#held = undefined;
    this.#sendEvents(lines);
  }

  get gather(): boolean {
    return this.#gather;
  }

  /**
   * Sends the room a command. While the room is being joined or left, it keeps `receiveAgain` until then.
   * @throws Refusal for a payload that is not plain JSON, and if too many commands wait
   */
  forward(command: PendingCommand, receiveAgain: () => void): void {
    const { link } = this;
    if (link === undefined || this.#isLeaving) {
      this.#wait(receiveAgain);
      return;
    }
    const { name, payload, more } = command;
    // At the edge a link carries text, which would turn binary parts into something else.
    for (const argument of [payload, ...(more ?? [])])
      assertPlain(argument, this.#socket.limits.jsonDepth, 2);
    const ref = this.#nextRef++;
    this.#pending.set(ref, command);
    this.#isLeaving = name === 'leaveRoom';
    link.send({ name, payload, ...(more && { more }), ref });
  }

  /** Gives the commands that waited again, in order. Each is refused if the room was not joined. */
  receiveWaiting(): void {
    for (const receiveAgain of this.#waiting.splice(0)) receiveAgain();
  }

  /** Refuses the commands that the room will not answer any more. */
  refusePending(reason: string): void {
    const error = { ...unavailableProblem, message: reason };
    for (const command of this.#pending.values())
      this.#socket.answers.answer(command, { ok: false, error });
  }

  /** Passes on lines from the link, in order: successive events together, each answer by itself. */
  lines(lines: readonly string[]): void {
    let from = 0;
    for (const [at, line] of lines.entries()) {
      const reply = replyIn(line);
      if (reply === undefined) continue;
      this.#sendEvents(lines.slice(from, at));
      this.#receiveReply(reply);
      from = at + 1;
    }
    // Not a copy where possible: sockets that are given the very same list share its encoding.
    this.#sendEvents(from === 0 ? lines : lines.slice(from));
  }

  closed(code: number, reason: string): void {
    this.#socket.closedBy(this, code, reason);
  }

  #wait(receiveAgain: () => void): void {
    if (this.#waiting.length >= MAX_WAITING)
      throw new Refusal('unavailable', 'The room is still being joined or left; wait for it.');
    this.#waiting.push(receiveAgain);
  }

  #sendEvents(lines: readonly string[]): void {
    const due = this.#held === undefined ? lines : lines.filter((line) => !isSignal(line));
    if (this.#held !== undefined)
      this.#held = [...this.#held, ...lines.filter(isSignal)].slice(-MAX_LATE_SIGNALS);
    if (due.length > 0) this.#socket.wire.events(this.#gather ? gathered(due) : due);
  }

  #receiveReply({ ref, result }: LineReply): void {
    const command = ref === undefined ? this.#join : this.#pending.get(ref);
    if (command === undefined) return;
    if (ref !== undefined) this.#pending.delete(ref);
    this.#socket.answers.answerText(command, result);
    if (ref === undefined) return;
    if (command.name === 'joinRoom') this.#rejoined(command, result);
    else if (command.name === 'leaveRoom') this.#left(result);
  }

  #rejoined({ payload }: PendingCommand, result: string): void {
    if (!isRefused(result)) this.#gather = fieldsOf(payload)['gather'] === true;
  }

  #left(result: string): void {
    this.#isLeaving = false;
    if (!isRefused(result)) {
      this.#socket.left(this);
      this.link?.close('left');
    }
    // Not now: the room is still in the turn in which it hands out these lines.
    queueMicrotask(() => this.receiveWaiting());
  }
}

/** All lines as the one event `events`; made once for all sockets that are given the same list. */
const gathered = memoizeByIdentity((lines: readonly string[]): readonly string[] => [
  gatheredLine(lines),
]);
