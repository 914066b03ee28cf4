import type { Payload, Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { EventPayload } from '../protocol/events.ts';
import type { Message } from '../protocol/objects.ts';
import type { Asker } from './asker.ts';
import type { Environment } from './environment.ts';
import type { Listeners } from './listeners.ts';
import type { PayloadOf } from './pending-commands.ts';
import type { Refused } from './refused.ts';
import type { RoomEvents } from './room-events.ts';
import type { RoomModel } from './room-model.ts';

/** Time between two appends, in milliseconds: the room accepts 20 a second. */
const APPEND_EVERY_MS = 60;
/**
 * After this long without text the client sends an empty append, as a sign that it is still there, in
 * milliseconds.
 */
const ALIVE_EVERY_MS = 20_000;
/** The most text of one append, in UTF-16 units: far below a frame's limit, even when JSON escapes it. */
const MAX_PIECE = 4_096;

export interface StreamPorts {
  asker: Asker;
  environment: Environment;
  listeners: Listeners<RoomEvents>;
  roomId: string;
  /** The state of the room as this client knows it. */
  model: Pick<RoomModel, 'event' | 'stored' | 'timeline'>;
  refused: (problem: Problem) => Refused;
  /** Called when nothing more will be sent. */
  ended: (stream: MessageStream) => void;
}

type Ending = NonNullable<Payload<'finishMessage'>['status']>;
type Taken = Partial<
  Reply<'message'> & Omit<Reply<'appendMessage'>, 'status'> & Reply<'finishMessage'>
>;

/**
 * A message whose text is sent while it is being produced. Appended text is sent as fast as the room
 * accepts it, and again after the connection was lost. After a minute without a connection the room
 * ends the message as `interrupted`, and this stream ends too.
 */
export class MessageStream {
  readonly #ports: StreamPorts;
  readonly #begin: Payload<'message'>;
  readonly #abort = new AbortController();
  /** `begun` resolves when the room has the message, `#ended` when the message has ended. */
  readonly begun: Promise<void>;
  readonly #ended: Promise<Message>;
  #resolve!: { begun: () => void; ended: (message: Message) => void };
  #reject!: (refused: Refused) => void;
  #seq = 0;
  /** How much text the room has, in UTF-16 units, and the text that it does not have yet. */
  #offset = 0;
  #rest = '';
  #ending: Ending | undefined;
  #isBusy = false;
  /** Whether nothing more will be sent. */
  #isOver = false;
  #stopWaiting = () => {};
  readonly #stopListening: () => void;

  constructor(begin: Payload<'message'>, ports: StreamPorts) {
    this.#ports = ports;
    this.#begin = begin;
    this.#stopListening = ports.listeners.on('stopRequested', ({ seq }) => {
      if (seq === this.#seq) this.#abort.abort();
    });
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
    // A failure also aborts the signal, so a promise that is not awaited is no error.
    this.begun.catch(() => undefined);
    this.#ended.catch(() => undefined);
  }

  /** The message's `seq`; 0 until the room has it. */
  get seq(): number {
    return this.#seq;
  }

  /** Aborted when a user asks to stop, and when the room accepts no more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  append(text: string): void {
    if (this.#ending !== undefined) return;
    this.#rest += text;
    this.send();
  }

  /** Ends the message. @returns the message, once the room has all of it @throws Refused */
  done(status: Ending = 'done'): Promise<Message> {
    this.#ending ??= status;
    this.send();
    return this.#ended;
  }

  /**
   * Appends all pieces and ends the message: as `stopped` when a user asks for that, and as `failed`
   * when the pieces throw.
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

  /** The room accepts no more. */
  fail(problem: Problem): void {
    if (this.#isOver) return;
    this.#end();
    const refused = this.#ports.refused(problem);
    this.#reject(refused);
    this.#abort.abort(refused);
  }

  /** Sends the next command: the message, an append, or its end. */
  send(): void {
    if (this.#isBusy || this.#isOver) return;
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
      if (text !== '') this.#appended({ seq, rev, offset, text });
      if (stopRequested === true) this.#abort.abort();
      this.#isBusy = true;
      this.#wait(APPEND_EVERY_MS, () => {
        this.#isBusy = false;
        this.send();
      });
    });
  }

  #hasBegun({ message }: Taken): void {
    if (message === undefined) return;
    this.#seq = message.seq;
    this.#offset = message.message.length;
    this.#ports.model.stored(message);
    this.#resolve.begun();
  }

  #hasEnded({ seq = 0, rev = 0, length = 0, status, reason = '' }: Taken): void {
    if (status === 'refused') return this.fail({ code: 'refused', message: reason });
    if (status !== undefined) this.#appended({ seq, rev, offset: length, text: '', status });
    this.#end();
    const message = this.#ports.model.timeline.find(seq);
    if (message === undefined) this.#read(seq);
    else this.#resolve.ended(message);
  }

  /** Reads the message from the room, after `room.trim` has dropped it here. */
  #read(seq: number): void {
    const { asker, refused } = this.#ports;
    asker
      .ask('getHistory', { after: seq - 1, limit: 1 }, ({ messages: [message] }) => {
        if (message?.seq === seq) this.#resolve.ended(message);
        else this.#reject(refused({ code: 'message_not_found', message: 'It was deleted.' }));
      })
      .catch(this.#reject);
  }

  /** Sends again after the connection was lost: the room stores nothing twice. */
  #ask<N extends 'message' | 'appendMessage' | 'finishMessage'>(
    name: N,
    payload: PayloadOf<N>,
    take: (reply: Taken) => void,
  ): void {
    this.#isBusy = true;
    const taken = (reply: Taken) => {
      this.#isBusy = false;
      if (this.#isOver) return;
      take(reply);
      this.send();
    };
    this.#ports.asker
      .ask(name, payload, taken, true)
      .catch(({ problem }: Refused) => this.fail(problem));
  }

  /** Applies the event that the room sends to everyone else. */
  #appended(appended: Omit<EventPayload<'messageAppended'>, 'roomId'>): void {
    const { model, roomId } = this.#ports;
    model.event({ name: 'messageAppended', payload: { ...appended, roomId } });
  }

  #end(): void {
    this.#isOver = true;
    this.#stopWaiting();
    this.#stopListening();
    this.#ports.ended(this);
  }

  #wait(ms: number, work: () => void): void {
    this.#stopWaiting = this.#ports.environment.after(ms, work);
  }
}
