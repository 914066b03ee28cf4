import type { Payload, Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { EventPayload } from '../protocol/events.ts';
import type { Message } from '../protocol/objects.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Answered, PayloadOf } from './pending-commands.ts';
import { Refused } from './refused.ts';

/** Between two appends, in milliseconds: the room takes 20 a second. */
const APPEND_EVERY_MS = 60;
/** After so long without text the client tells the room that the sender is still there, in milliseconds. */
const ALIVE_EVERY_MS = 20_000;
/** The most text of one append, in UTF-16 units: far below a frame, whatever JSON makes of it. */
const MAX_PIECE = 4_096;

export interface StreamPorts {
  connection: Connection;
  environment: Environment;
  /** The message as the room has it. */
  stored: (message: Message) => void;
  /** What the room has taken, which it tells to all others. */
  appended: (payload: Omit<EventPayload<'messageAppended'>, 'roomId'>) => void;
  /** The message as it is known here. */
  find: (seq: number) => Message | undefined;
}

type Ending = NonNullable<Payload<'finishMessage'>['status']>;
type Taken = Partial<
  Reply<'message'> & Omit<Reply<'appendMessage'>, 'status'> & Reply<'finishMessage'>
>;

/**
 * A message whose text is sent while it is being made. What is appended is sent as fast as the room
 * takes it, and again after the connection was lost; without a connection for a minute the room ends
 * the message as `interrupted`, and so does this.
 */
export class MessageStream {
  readonly #ports: StreamPorts;
  readonly #begin: Payload<'message'>;
  readonly #abort = new AbortController();
  /** Resolves when the room has the message, and when it has ended. */
  readonly begun: Promise<void>;
  readonly #ended: Promise<Message>;
  #resolve!: { begun: () => void; ended: (message: Message) => void };
  #reject!: (refused: Refused) => void;
  #seq = 0;
  /** How much the room has, in UTF-16 units, and what it has not yet. */
  #offset = 0;
  #rest = '';
  #ending: Ending | undefined;
  #isBusy = false;
  #stopWaiting = () => {};

  constructor(begin: Payload<'message'>, ports: StreamPorts) {
    this.#ports = ports;
    this.#begin = begin;
    let resolveBegun = () => {};
    let rejectBegun = (_: Refused) => {};
    this.begun = new Promise((resolve, reject) => {
      resolveBegun = resolve;
      rejectBegun = reject;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = { begun: resolveBegun, ended: resolve };
      this.#reject = (refused) => {
        rejectBegun(refused);
        reject(refused);
      };
    });
    // The signal tells of it, too.
    this.begun.catch(() => undefined);
    this.#ended.catch(() => undefined);
  }

  /** Of the message; 0 until the room has it. */
  get seq(): number {
    return this.#seq;
  }

  /** Aborted when a user asks to stop, and when the room takes no more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether nothing more is to be sent. */
  get isOver(): boolean {
    return this.#isOver;
  }
  #isOver = false;

  append(text: string): void {
    if (this.#ending !== undefined) return;
    this.#rest += text;
    this.go();
  }

  /** Ends the message. @returns it, once the room has all of it @throws Refused */
  done(status: Ending = 'done'): Promise<Message> {
    this.#ending ??= status;
    this.go();
    return this.#ended;
  }

  /**
   * Appends all pieces and ends the message: as `stopped` when a user asks for that, and as `failed`
   * when they fail.
   * @throws Refused, or what the pieces throw
   */
  async pipe(pieces: AsyncIterable<string>): Promise<Message> {
    try {
      for await (const piece of pieces) {
        this.append(piece);
        if (this.signal.aborted) break;
      }
    } catch (error) {
      if (!this.signal.aborted) {
        await this.done('failed');
        throw error;
      }
    }
    return this.done(this.signal.aborted ? 'stopped' : 'done');
  }

  /** A user asks for its end. */
  stopRequested(): void {
    this.#abort.abort();
  }

  /** The room will not take any more. */
  fail(problem: Problem): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    const refused = new Refused(problem);
    this.#reject(refused);
    this.#abort.abort(refused);
  }

  /** Sends what is next. Called again when the room is joined again. */
  go(): void {
    if (this.#isBusy || this.#isOver || !this.#ports.connection.isOpen) return;
    this.#stopWaiting();
    const piece = this.#piece();
    const seq = this.#seq;
    if (seq === 0) this.#ask('message', this.#begin, (reply) => this.#hasBegun(reply));
    else if (piece !== '') this.#append(piece);
    else if (this.#ending !== undefined) {
      this.#ask('finishMessage', { seq, status: this.#ending }, (reply) => this.#hasEnded(reply));
    } else this.#wait(ALIVE_EVERY_MS, () => this.#append(''));
  }

  /** The next text to send. Half of a surrogate pair waits for the other half. */
  #piece(): string {
    let piece = this.#rest.slice(0, MAX_PIECE);
    const isCut = piece !== this.#rest || this.#ending === undefined;
    if (isCut && /[\ud800-\udbff]$/.test(piece)) piece = piece.slice(0, -1);
    return piece.replaceAll(/\p{Cs}/gu, '\ufffd');
  }

  #append(text: string): void {
    const seq = this.#seq;
    const offset = this.#offset;
    this.#ask('appendMessage', { seq, offset, text }, ({ rev = 0, stopRequested }) => {
      this.#offset += text.length;
      this.#rest = this.#rest.slice(text.length);
      if (text !== '') this.#ports.appended({ seq, rev, offset, text });
      if (stopRequested === true) this.stopRequested();
      this.#isBusy = true;
      this.#wait(APPEND_EVERY_MS, () => {
        this.#isBusy = false;
        this.go();
      });
    });
  }

  #hasBegun({ message }: Taken): void {
    if (message === undefined) return;
    this.#seq = message.seq;
    this.#offset = message.message.length;
    this.#ports.stored(message);
    this.#resolve.begun();
  }

  #hasEnded({ seq = 0, rev = 0, length = 0, status, reason = '' }: Taken): void {
    if (status === 'refused') return this.fail({ code: 'refused', message: reason });
    if (status !== undefined) this.#ports.appended({ seq, rev, offset: length, text: '', status });
    this.#isOver = true;
    const message = this.#ports.find(seq);
    if (message !== undefined) this.#resolve.ended(message);
  }

  #ask<N extends 'message' | 'appendMessage' | 'finishMessage'>(
    name: N,
    payload: PayloadOf<N>,
    take: (reply: Taken) => void,
  ): void {
    this.#isBusy = true;
    const answered: Answered<Taken> = (result) => {
      this.#isBusy = false;
      if (this.#isOver || result === undefined) return;
      if (!result.ok) this.fail(result.error);
      else {
        take(result);
        this.go();
      }
    };
    this.#ports.connection.ask(name, payload, answered);
  }

  #wait(ms: number, work: () => void): void {
    this.#stopWaiting = this.#ports.environment.after(ms, work);
  }
}
