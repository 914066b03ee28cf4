import { decodeBody, type EnginePacket } from './engine-packet.ts';
import type { EngineError } from './engine-request.ts';
import { refusalReply } from './engine-request.ts';
import { EngineSession, type EngineSessionOptions } from './engine-session.ts';
import { emptyReply, type HttpReply, payloadReply, POST_ACCEPTED } from './http-reply.ts';
import { type AnswerPoll, PollingTransport } from './polling-transport.ts';
import type { CancelTimer, Clock } from './clock.ts';
import type { SocketIoSettings } from './settings.ts';

/** Whether a second transport may try to take a session over. */
export type UpgradeStart =
  | 'started'
  /** No such session: the request is refused. */
  | 'unknown'
  /** Another transport tries, or has taken it over already: the request is accepted, then closed. */
  | 'taken';

/** What a session hands over to the transport that takes it over. */
export interface EngineHandOver {
  sid: string;
  /** Packets that no poll has fetched. */
  packets: EnginePacket[];
}

/** Answers a request, at once or later. */
export type Answer = (reply: HttpReply) => void;

/** Reports that the client no longer waits for its poll. */
export type AbortPoll = () => void;

/**
 * One Engine.IO session carried by HTTP long polling, for an object that gets all requests of its
 * `sid`. It keeps everything in memory: when the object is evicted, the session is unknown and its
 * client starts again.
 *
 * Its life: `open` (the first GET), then `poll` and `startPost`/`endPost` as they come, until it
 * closes or a WebSocket takes it over by `startUpgrade`, `probe` and `handOver`.
 */
export class PollingSession {
  readonly engine: EngineSession;
  readonly #transport: PollingTransport;
  readonly #clock: Clock;
  readonly #settings: SocketIoSettings;
  #posting = false;
  #upgrade: 'none' | 'trying' | 'done' = 'none';
  #cancelUpgradeTimeout: CancelTimer = () => {};
  #cancelRelease: CancelTimer = () => {};

  constructor(options: EngineSessionOptions) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#transport = new PollingTransport(options.clock, options.settings, () =>
      this.engine.lost('too slow'),
    );
    this.engine = new EngineSession(this.#transport, options);
  }

  /** Whether the object may forget this session: it is closed, or continues elsewhere. */
  get isOver(): boolean {
    return this.engine.state === 'closed';
  }

  /** The first GET: answered at once, with the open packet. */
  open(answer: Answer): void {
    this.engine.open(['websocket']);
    this.poll(answer);
  }

  /**
   * A GET. A second one while one waits ends the session.
   * @returns to be called when the client gives up this poll, which ends the session, too; has no
   * effect once the poll is answered
   */
  poll(answer: Answer): AbortPoll {
    const error = this.#error();
    if (error) {
      answer(refusalReply(error));
      return () => {};
    }
    if (this.#transport.isPolled) {
      this.engine.lost('transport error');
      answer(emptyReply(400));
      return () => {};
    }
    const answerPoll: AnswerPoll = (body) =>
      answer(body === undefined ? refusalReply('bad request') : payloadReply(body));
    this.#transport.poll(answerPoll);
    return () => {
      if (!this.#transport.forgetPoll(answerPoll)) return;
      this.engine.lost('transport error');
      // No client reads this answer, but the request that waits for it can end.
      answer(emptyReply(400));
    };
  }

  /**
   * A POST whose body is still to be read. A second one before it has ended ends the session.
   * @returns the answer if it is refused; otherwise `endPost`, `refusePost` or `abortPost` must follow
   */
  startPost(contentType: string | null): HttpReply | undefined {
    const error = this.#error();
    if (error) return refusalReply(error);
    // In version 4 polls carry binary packets only as base64.
    if (this.#posting || contentType === 'application/octet-stream') {
      this.engine.lost('transport error');
      return emptyReply(400);
    }
    this.#posting = true;
    return undefined;
  }

  /** The body of a POST is longer than `maxPayloadBytes`: it is refused, the session goes on. */
  refusePost(): HttpReply {
    this.#posting = false;
    return emptyReply(413);
  }

  /** Takes the body of a POST; answers 400 if it is not Engine.IO, whatever its messages contain. */
  endPost(body: string): HttpReply {
    this.#posting = false;
    let reply = POST_ACCEPTED;
    for (const packet of decodeBody(body)) {
      if (this.engine.state !== 'open') break;
      // A poll that waits is answered before the session ends, so that the client sees no error.
      if (packet.type === 'close') this.#transport.answerEmpty();
      if (packet.type === 'error' || packet.type === 'ping') reply = emptyReply(400);
      this.engine.receive(packet);
    }
    return reply;
  }

  /** The client gave up its POST, which ends the session. */
  abortPost(): void {
    this.#posting = false;
    this.engine.lost('transport error');
  }

  /** A WebSocket with this session's `sid` was opened. */
  startUpgrade(): UpgradeStart {
    if (this.#upgrade !== 'none') return 'taken';
    if (this.engine.state !== 'open') return 'unknown';
    this.#upgrade = 'trying';
    this.#cancelUpgradeTimeout = this.#clock.after(this.#settings.upgradeTimeoutMs, () =>
      this.cancelUpgrade(),
    );
    return 'started';
  }

  /** The WebSocket works: from now on polls are answered soon, so that the client can stop polling. */
  probe(): void {
    if (this.#upgrade === 'trying') this.#releaseSoon();
  }

  /** The WebSocket was closed, or did not complete the upgrade: polling goes on. */
  cancelUpgrade(): void {
    if (this.#upgrade !== 'trying') return;
    this.#upgrade = 'none';
    this.#cancelUpgradeTimers();
  }

  /**
   * The client asked for the WebSocket to take over. From now on this session answers only refusals.
   * The owner gets no event; it hands over its own state itself.
   * @returns undefined when there is nothing to take over: the WebSocket is then closed
   */
  handOver(): EngineHandOver | undefined {
    if (this.#upgrade !== 'trying') return undefined;
    this.#upgrade = 'done';
    this.#cancelUpgradeTimers();
    if (this.engine.state !== 'open') return undefined;
    // A client that upgrades has no poll waiting; one that has is refused like any later poll.
    this.#transport.takePoll()?.(undefined);
    this.engine.handOver();
    return { sid: this.engine.sid, packets: this.#transport.takePackets() };
  }

  /**
   * Answers a waiting poll after a moment, again and again. Not at once: polls and WebSocket frames
   * take different routes, and a poll may overtake the upgrade packet that was sent before it.
   */
  #releaseSoon(): void {
    this.#cancelRelease();
    this.#cancelRelease = this.#clock.after(this.#settings.upgradeNoopMs, () => {
      this.#transport.answerEmpty();
      this.#releaseSoon();
    });
  }

  #cancelUpgradeTimers(): void {
    this.#cancelUpgradeTimeout();
    this.#cancelRelease();
  }

  #error(): EngineError | undefined {
    if (this.#upgrade === 'done') return 'bad request';
    return this.isOver ? 'unknown sid' : undefined;
  }
}
