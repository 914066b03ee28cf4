import { encodeBody, type EnginePacket, packetBytes } from './engine-packet.ts';
import type { CloseFrame, EngineTransport } from './engine-session.ts';
import { type CancelTimer, type Clock } from './clock.ts';
import type { SocketIoSettings } from './settings.ts';

/** Answers a waiting poll with a payload; without one, that the session has moved on. */
export type AnswerPoll = (body: string | undefined) => void;

/** Keeps packets until the client polls for them; at most one poll waits at a time. */
export class PollingTransport implements EngineTransport {
  readonly #clock: Clock;
  readonly #settings: SocketIoSettings;
  readonly #tooSlow: () => void;
  #packets: EnginePacket[] = [];
  #bytes = 0;
  #answer: AnswerPoll | undefined;
  #ending: { closed: () => void; cancel: CancelTimer } | undefined;

  constructor(clock: Clock, settings: SocketIoSettings, tooSlow: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#tooSlow = tooSlow;
  }

  /** Whether a poll waits. */
  get isPolled(): boolean {
    return this.#answer !== undefined;
  }

  send(packets: readonly EnginePacket[]): void {
    for (const packet of packets) {
      this.#packets.push(packet);
      this.#bytes += packetBytes(packet);
    }
    this.#flush();
    if (this.#bytes > this.#settings.maxBufferedBytes) this.#tooSlow();
  }

  /** Takes a poll; the caller has made sure that none waits. */
  poll(answer: AnswerPoll): void {
    this.#answer = answer;
    this.#flush();
    this.#endPoll();
  }

  /** The client no longer waits for this answer; false if it was given already. */
  forgetPoll(answer: AnswerPoll): boolean {
    if (this.#answer !== answer) return false;
    this.#answer = undefined;
    return true;
  }

  /** Answers the poll that waits, if one does, with nothing but a noop. */
  answerEmpty(): void {
    this.#reply([{ type: 'noop' }]);
  }

  /** Takes the poll that waits, if one does, away from this transport. */
  takePoll(): AnswerPoll | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  /** Gives out what waits, for another transport to send. */
  takePackets(): EnginePacket[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    return packets;
  }

  /** An end waits for the client's polls: first for what is buffered, then for the close packet. */
  end(_frame: CloseFrame | undefined, closed: () => void): void {
    if (this.isPolled) {
      this.#reply([{ type: 'close' }]);
      closed();
      return;
    }
    const cancel = this.#clock.after(this.#settings.closeTimeoutMs, closed);
    this.#ending = { closed, cancel };
  }

  abort(): void {
    this.#ending?.cancel();
    this.#ending = undefined;
    this.takePackets();
    this.#reply([{ type: 'close' }]);
  }

  #endPoll(): void {
    if (!this.isPolled || !this.#ending) return;
    const { closed, cancel } = this.#ending;
    this.#ending = undefined;
    cancel();
    this.#reply([{ type: 'noop' }, { type: 'close' }]);
    closed();
  }

  #flush(): void {
    if (this.isPolled && this.#packets.length > 0) this.#reply(this.takePackets());
  }

  #reply(packets: readonly EnginePacket[]): void {
    this.takePoll()?.(encodeBody(packets));
  }
}
