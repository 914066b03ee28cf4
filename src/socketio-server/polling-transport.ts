import {
  encodeBody,
  encodeFrame,
  type EngineData,
  type EngineFrames,
  type EnginePacket,
  packetIn,
} from './engine-packet.ts';
import type { CloseFrame, EngineTransport } from './engine-session.ts';
import { type CancelTimer, type Clock } from './clock.ts';
import type { SocketIoSettings } from './settings.ts';

/** Answers a waiting poll with a payload; without one, that the session has moved on. */
export type AnswerPoll = (body: string | undefined) => void;

const NOOP = encodeFrame({ type: 'noop' });
const CLOSE = encodeFrame({ type: 'close' });

/** Keeps packets until the client polls for them; at most one poll waits at a time. */
export class PollingTransport implements EngineTransport {
  readonly #clock: Clock;
  readonly #settings: SocketIoSettings;
  readonly #tooSlow: () => void;
  #frames: EngineData[] = [];
  #bytes = 0;
  #answer: AnswerPoll | undefined;
  #ending: { closed: () => void; cancel: CancelTimer } | undefined;

  constructor(clock: Clock, settings: SocketIoSettings, tooSlow: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#tooSlow = tooSlow;
  }

  get unreadBytes(): number {
    return this.#bytes;
  }

  /** Whether a poll waits. */
  get isPolled(): boolean {
    return this.#answer !== undefined;
  }

  send({ frames, bytes }: EngineFrames): void {
    this.#frames.push(...frames);
    this.#bytes += bytes;
    this.#flush();
    if (this.#bytes > this.#settings.maxBufferedBytes) this.#tooSlow();
  }

  /** Takes a poll; the caller has made sure that none waits. */
  poll(answer: AnswerPoll): void {
    this.#answer = answer;
    this.#flush();
    this.#endPoll();
  }

  /** The client no longer waits for this answer. @returns false if it was given already */
  forgetPoll(answer: AnswerPoll): boolean {
    if (this.#answer !== answer) return false;
    this.#answer = undefined;
    return true;
  }

  /** Answers the poll that waits, if one does, with nothing but a noop. */
  answerEmpty(): void {
    this.#reply(NOOP);
  }

  /** Takes the poll that waits, if one does, away from this transport. */
  takePoll(): AnswerPoll | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  /** Takes the packets that wait, for another transport to send. */
  takePackets(): EnginePacket[] {
    return this.#takeFrames().map(packetIn);
  }

  /** Waits for the client's polls: one for what is buffered, and one for the close packet. */
  end(_frame: CloseFrame | undefined, closed: () => void): void {
    if (this.isPolled) {
      this.#reply(CLOSE);
      closed();
      return;
    }
    const cancel = this.#clock.after(this.#settings.closeTimeoutMs, closed);
    this.#ending = { closed, cancel };
  }

  abort(): void {
    this.#ending?.cancel();
    this.#ending = undefined;
    this.#takeFrames();
    this.#reply(CLOSE);
  }

  #endPoll(): void {
    if (!this.isPolled || !this.#ending) return;
    const { closed, cancel } = this.#ending;
    this.#ending = undefined;
    cancel();
    this.#reply(NOOP, CLOSE);
    closed();
  }

  #flush(): void {
    if (this.isPolled && this.#frames.length > 0) this.#reply(...this.#takeFrames());
  }

  #takeFrames(): EngineData[] {
    this.#bytes = 0;
    return this.#frames.splice(0);
  }

  #reply(...frames: readonly EngineData[]): void {
    this.takePoll()?.(encodeBody(frames));
  }
}
