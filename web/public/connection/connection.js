/**
 * @import { CommandName, Reply } from '../../../src/protocol/commands.ts'
 * @import { Problem } from '../../../src/protocol/errors.ts'
 * @import { Result } from '../../../src/protocol/lines.ts'
 * @import { Message } from '../../../src/protocol/objects.ts'
 */
import { backoffMs } from './backoff.js';
import { FRAME_TOO_BIG, LOST, shouldComeBack, TOKEN_EXPIRED } from './close-advice.js';

/** A sign of life, so that neither the server nor anything between takes the socket for dead. */
const PING_EVERY_MS = 25_000;
/** Whoever says nothing for so long after being asked is gone, in milliseconds. */
const ANSWER_MS = 10_000;
/** A socket that held this long counts as a success: the next wait is short again. */
const STEADY_MS = 10_000;
/** Messages that come with joining. */
const HISTORY = 50;
/** Messages in a page of what was missed; the protocol's most. */
const MISSED_PAGE = 500;

/** @typedef {{ token?: string | undefined, guestToken?: string | undefined }} Credentials */

/**
 * @typedef {{ name: 'connecting' }
 *   | { name: 'open' }
 *   | { name: 'waiting' }
 *   | { name: 'ended', code: number, problem?: Problem | undefined }} Status
 *   `waiting`: the connection is lost and will be made again. `ended`: it will not.
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} roomId
 * @property {string} username what to be called where the token has no name
 * @property {(fresh: boolean) => Promise<Credentials>} credentials asked before every attempt;
 *   `fresh` when the last ones have expired. Rejects with `NoEntry` to stay away, with anything else
 *   to try again later.
 */

/**
 * What a connection tells. Everything is told in the order in which the room decided it.
 *
 * @typedef {object} ConnectionListener
 * @property {(status: Status) => void} status
 * @property {(reply: Reply<'joinRoom'>) => void} joined on every join; without `missed` in it,
 *   what was known before counts no more
 * @property {(messages: Message[]) => void} missed a further page of what was missed
 * @property {(name: string, payload: unknown) => void} event
 */

/**
 * @template {CommandName} N
 * @typedef {(result: Result<Reply<N>> | undefined, code: number) => void} Answered
 *   No result: the connection was lost first, with this close code, and nobody knows what became of
 *   the command.
 */

/** Why nobody is let in, in one sentence: no further attempt is made. */
export class NoEntry extends Error {}

/**
 * One room over the native door: joins, comes back by itself with what it has missed, and stays
 * away when the server says so.
 */
export class Connection {
  /** @type {ConnectionOptions} */
  #options;
  /** @type {ConnectionListener} */
  #listener;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<number, Answered<any>>} */
  #unanswered = new Map();
  #lastRef = 0;
  /** @type {string | undefined} */
  #position;
  /** Until the last page of what was missed is here, only pages move the position. */
  #isCatchingUp = false;
  #isOpen = false;
  #openedAt = 0;
  #failures = 0;
  #needsNewToken = false;
  /** @type {Problem | undefined} */
  #problem;
  /** Tells one attempt from the next while credentials are fetched. */
  #attempt = 0;
  /** @type {number | undefined} */
  #retry;
  /** @type {number | undefined} */
  #heartbeat;
  /** @type {number | undefined} */
  #silence;
  #life = new AbortController();

  /**
   * @param {ConnectionOptions} options
   * @param {ConnectionListener} listener
   */
  constructor(options, listener) {
    this.#options = options;
    this.#listener = listener;
  }

  start() {
    const { signal } = this.#life;
    window.addEventListener('online', () => this.#look(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') this.#look();
      },
      { signal },
    );
    void this.#connect();
  }

  /** Whether commands can be sent. */
  get isOpen() {
    return this.#isOpen;
  }

  /**
   * Sends a command; `answered` is called in the room's order, before the events behind it.
   *
   * @template {CommandName} N
   * @param {N} name
   * @param {object} payload
   * @param {Answered<N>} answered
   */
  ask(name, payload, answered) {
    if (!this.#isOpen) {
      answered(undefined, LOST);
      return;
    }
    const ref = ++this.#lastRef;
    this.#unanswered.set(ref, answered);
    this.#socket?.send(JSON.stringify([name, payload, ref]));
    this.#expectAnswer();
  }

  /** Tries again at once instead of waiting. */
  reconnectNow() {
    if (this.#socket === undefined && this.#retry !== undefined) void this.#connect();
  }

  /** Leaves the room for good. */
  stop() {
    const socket = this.#socket;
    this.#letGo(1000);
    socket?.close(1000);
    this.#finish();
  }

  async #connect() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const attempt = ++this.#attempt;
    this.#listener.status({ name: 'connecting' });
    try {
      const credentials = await this.#options.credentials(this.#needsNewToken);
      if (attempt === this.#attempt) this.#open(credentials);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof NoEntry) {
        this.#end(TOKEN_EXPIRED, { code: 'token_expired', message: error.message });
      } else this.#comeBack();
    }
  }

  /** @param {Credentials} credentials */
  #open({ token, guestToken }) {
    const protocols = ['parlor.v1'];
    if (token !== undefined) protocols.push(`bearer.${token}`);
    else if (guestToken !== undefined) protocols.push(`guest.${guestToken}`);
    const socket = new WebSocket(this.#address(), protocols);
    this.#socket = socket;
    this.#problem = undefined;
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#frame(String(data));
    });
    socket.addEventListener('close', ({ code }) => {
      if (socket === this.#socket) this.#closed(code);
    });
    this.#expectAnswer();
  }

  #address() {
    const { roomId, username } = this.#options;
    const url = new URL(`/rooms/${encodeURIComponent(roomId)}/ws`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('username', username);
    url.searchParams.set('history', String(HISTORY));
    if (this.#position !== undefined) url.searchParams.set('since', this.#position);
    return url;
  }

  /** @param {string} frame */
  #frame(frame) {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (frame === 'pong') return;
    const socket = this.#socket;
    for (const line of frame.split('\n')) {
      this.#tuple(JSON.parse(line));
      // What was heard can end the connection; the rest of the frame is then nobody's.
      if (socket !== this.#socket) return;
    }
  }

  /** @param {[name: string, payload: any, result?: any]} tuple */
  #tuple([name, payload, result]) {
    if (name === 'ack') this.#answer(payload, result);
    else if (name === 'joined') this.#joined(payload);
    else if (name === 'position') {
      if (!this.#isCatchingUp) this.#position = payload;
    } else this.#listener.event(name, payload);
  }

  /**
   * @param {number} ref
   * @param {Result<any>} result
   */
  #answer(ref, result) {
    const answered = this.#unanswered.get(ref);
    this.#unanswered.delete(ref);
    answered?.(result, 0);
  }

  /** @param {Result<Reply<'joinRoom'>>} result */
  #joined(result) {
    if (!result.ok) {
      // The close code that says what to do follows.
      this.#problem = result.error;
      this.#needsNewToken ||= result.error.code === 'token_expired';
      return;
    }
    this.#isOpen = true;
    this.#openedAt = Date.now();
    this.#needsNewToken = false;
    this.#position = result.position;
    this.#isCatchingUp = result.complete === false;
    this.#heartbeat = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#listener.joined(result);
    this.#listener.status({ name: 'open' });
    if (this.#isCatchingUp) this.#catchUp();
  }

  #catchUp() {
    const from = { after: this.#position, limit: MISSED_PAGE };
    this.ask('getMissed', from, (result) => {
      if (result === undefined) return;
      if (result.ok && result.reset !== true) {
        this.#position = result.position;
        this.#isCatchingUp = !result.complete;
        this.#listener.missed(result.messages);
        if (this.#isCatchingUp) this.#catchUp();
        return;
      }
      // A reset: what is known here counts no more. A refusal: the next attempt goes on from the
      // last page.
      if (result.ok) this.#position = undefined;
      this.#socket?.close(1000);
      this.#closed(LOST);
    });
  }

  #ping() {
    this.#socket?.send('ping');
    this.#expectAnswer();
  }

  /** Something has changed around us: is the connection still there, or can it be again? */
  #look() {
    if (this.#isOpen) this.#ping();
    else this.reconnectNow();
  }

  #expectAnswer() {
    this.#silence ??= setTimeout(() => {
      const socket = this.#socket;
      this.#closed(LOST);
      socket?.close();
    }, ANSWER_MS);
  }

  /** @param {number} code */
  #closed(code) {
    if (code === TOKEN_EXPIRED) this.#needsNewToken = true;
    if (this.#isOpen && Date.now() - this.#openedAt > STEADY_MS) this.#failures = 0;
    this.#letGo(code);
    if (shouldComeBack(code)) this.#comeBack();
    else this.#end(code, this.#problem);
  }

  #comeBack() {
    const least = this.#problem?.retryAfterMs ?? 0;
    this.#retry = setTimeout(() => void this.#connect(), least + backoffMs(this.#failures++));
    this.#listener.status({ name: 'waiting' });
  }

  /**
   * @param {number} code
   * @param {Problem | undefined} problem
   */
  #end(code, problem) {
    this.#finish();
    this.#listener.status({ name: 'ended', code, problem });
  }

  #finish() {
    this.#attempt++;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#life.abort();
  }

  /**
   * Forgets the socket; whoever waits for an answer is told that none will come.
   *
   * @param {number} code
   */
  #letGo(code) {
    this.#socket = undefined;
    this.#isOpen = false;
    this.#isCatchingUp = false;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#silence);
    this.#silence = undefined;
    const unanswered = [...this.#unanswered.values()];
    this.#unanswered.clear();
    for (const answered of unanswered) answered(undefined, code);
  }
}

/** Whether a lost command was itself what ended the connection. @param {number} code */
export function wasTooBig(code) {
  return code === FRAME_TOO_BIG;
}
