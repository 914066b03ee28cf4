/**
 * @import { Reply } from '../../../src/protocol/commands.ts'
 * @import { Problem } from '../../../src/protocol/errors.ts'
 * @import { EventPayload } from '../../../src/protocol/events.ts'
 * @import { Message, You } from '../../../src/protocol/objects.ts'
 * @import { Credentials, Status } from '../connection/connection.js'
 */
import { Connection, wasTooBig } from '../connection/connection.js';
import { sentenceOf } from '../connection/close-advice.js';
import { ofThisWindow } from './memory.js';
import { Messages } from './messages.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { TypingNotice } from './typing-notice.js';

/** After a refusal that may pass, wait at least so long, in milliseconds. */
const AGAIN_MS = 1_000;
const OLDER_PAGE = 50;
const MEMBERS_PAGE = 100;
/** In a crowd so many names are enough. */
const MOST_NAMES = 200;
/** More than so many messages, and the oldest are let go; in steps, so that it happens seldom. */
const KEEP_MOST = 1_000;
const KEEP = 500;

const TEMPORARY = new Set(['rate_limited', 'slow_mode', 'unavailable', 'internal']);
const TOO_BIG = 'This message is too long; shorten it and send it again.';

/**
 * @typedef {object} SessionListener
 * @property {() => void} changed something that is shown has changed
 * @property {(message: Message) => void} heard somebody said something, just now
 * @property {(code: number, sentence: string) => void} ended the room is over for this window:
 *   why, and what to do
 */

/** One room as this window sees it: what is shown, and what one can do. */
export class Session {
  roomId;
  messages = new Messages();
  people = new People();
  /** @type {You | undefined} */
  you;
  /** @type {Status['name']} */
  status = 'connecting';
  /** @type {'idle' | 'loading' | 'failed'} */
  older = 'idle';
  #outbox;
  #connection;
  #listener;
  #notice = new TypingNotice((isTyping) => {
    this.#connection.ask('typing', { isTyping }, () => undefined);
  });
  #isDraining = false;
  /** @type {number | undefined} */
  #lapse;
  /** @type {number | undefined} */
  #again;

  /**
   * @param {{ roomId: string, username: string,
   *   credentials: (fresh: boolean) => Promise<Credentials> }} options
   * @param {SessionListener} listener
   */
  constructor(options, listener) {
    this.roomId = options.roomId;
    this.#listener = listener;
    this.#outbox = new Outbox(options.roomId, options.username);
    this.#connection = new Connection(options, {
      status: (status) => this.#status(status),
      joined: (reply) => this.#joined(reply),
      missed: (messages) => this.#missed(messages),
      event: (name, payload) => this.#event(name, payload),
    });
  }

  start() {
    this.#connection.start();
  }

  get unsent() {
    return this.#outbox.entries;
  }

  /** @param {string} text */
  send(text) {
    this.#notice.end();
    this.#outbox.add(text);
    this.#drain();
    this.#listener.changed();
  }

  /** Sends a failed message once more. @param {string} id */
  sendAgain(id) {
    this.#outbox.mark(id, 'waiting');
    this.#drain();
    this.#listener.changed();
  }

  /** Gives a failed message back, to be written anew. @param {string} id */
  takeBack(id) {
    const text = this.unsent.find((entry) => entry.id === id)?.text ?? '';
    this.discard(id);
    return text;
  }

  /** Gives up a failed message. @param {string} id */
  discard(id) {
    this.#outbox.remove(id);
    this.#listener.changed();
  }

  /** Tells others that this user is typing, or no longer. @param {boolean} isTyping */
  typing(isTyping) {
    if (!this.#connection.isOpen) return;
    if (isTyping) this.#notice.typed();
    else this.#notice.stopped();
  }

  loadOlder() {
    const before = this.messages.first;
    if (this.older === 'loading' || !this.messages.hasOlder || before === undefined) return;
    if (!this.#connection.isOpen) return;
    this.older = 'loading';
    this.#connection.ask('getHistory', { before, limit: OLDER_PAGE }, (result) => {
      this.older = result?.ok === true ? 'idle' : 'failed';
      if (result?.ok === true && this.messages.first === before) {
        this.messages.addPage(result.messages);
        this.messages.hasOlder = result.hasMore;
      }
      this.#listener.changed();
    });
    this.#listener.changed();
  }

  /** Lets go of old messages nobody looks at. */
  forgetOld() {
    if (this.messages.list.length > KEEP_MOST) this.messages.keepNewest(KEEP);
  }

  reconnectNow() {
    this.#connection.reconnectNow();
  }

  leave() {
    this.#connection.stop();
    this.#finish();
  }

  #finish() {
    this.#notice.end();
    clearTimeout(this.#lapse);
    clearTimeout(this.#again);
  }

  /** @param {Status} status */
  #status(status) {
    this.status = status.name;
    this.#notice.end();
    this.#listener.changed();
    if (status.name !== 'ended') return;
    this.#finish();
    this.#listener.ended(status.code, sentenceOf(status.code, status.problem));
  }

  /** @param {Reply<'joinRoom'>} reply */
  #joined(reply) {
    const { you, room, online, onlineCount, presence, messages, missed } = reply;
    this.you = you;
    if (you.guestToken !== undefined) ofThisWindow.set('guestToken', you.guestToken);
    this.people.reset(online, presence === 'count', onlineCount);
    if (missed === undefined) {
      this.messages.clear();
      this.messages.hasOlder = (messages[0]?.seq ?? 1) > Math.max(1, room.horizon);
    } else this.messages.addChanged(missed);
    this.messages.addPage(messages);
    this.messages.dropBelow(room.horizon);
    this.older = 'idle';
    this.#settle([...(missed ?? []), ...messages]);
    if (presence === 'users' && onlineCount > online.length) this.#loadPeople();
    this.#drain();
  }

  /** @param {Message[]} messages */
  #missed(messages) {
    this.messages.addChanged(messages);
    this.#settle(messages);
    this.#listener.changed();
  }

  /** What stands in the room is no longer unsent. @param {readonly Message[]} messages */
  #settle(messages) {
    for (const { id, senderId } of messages) {
      if (senderId === this.you?.userId) this.#outbox.remove(id);
    }
  }

  /** @param {string} name @param {any} payload */
  #event(name, payload) {
    switch (name) {
      case 'message':
        this.#message(payload);
        break;
      case 'userJoined':
        this.people.arrived(payload);
        break;
      case 'userLeft':
        this.people.left(payload);
        break;
      case 'presence':
        this.#presence(payload);
        break;
      case 'typing':
        this.#typing(payload);
        break;
      default:
        // What a later server tells is not for this page.
        return;
    }
    this.#listener.changed();
  }

  /** @param {Message} message */
  #message(message) {
    this.messages.addChanged([message]);
    this.people.stoppedTyping(message.senderId);
    this.#settle([message]);
    this.#listener.heard(message);
  }

  /** @param {EventPayload<'presence'>} event */
  #presence({ onlineCount }) {
    const names = this.people.list;
    const isCrowd = onlineCount > MOST_NAMES;
    this.people.reset(isCrowd ? names : [], isCrowd, onlineCount);
    if (!isCrowd) this.#loadPeople();
  }

  /** Loads the names of everyone who is here, page by page. @param {string} [after] */
  #loadPeople(after) {
    const page = { online: true, limit: MEMBERS_PAGE, ...(after !== undefined && { after }) };
    this.#connection.ask('getMembers', page, (result) => {
      if (result?.ok !== true || this.people.isCrowd) return;
      this.people.add(result.members);
      this.#listener.changed();
      if (result.hasMore) this.#loadPeople(result.members.at(-1)?.userId);
    });
  }

  /** @param {EventPayload<'typing'>} notice */
  #typing(notice) {
    if (notice.userId === this.you?.userId) return;
    this.people.typed(notice, Date.now());
    this.#watchLapse();
  }

  #watchLapse() {
    clearTimeout(this.#lapse);
    const { nextLapse } = this.people;
    if (nextLapse === Infinity) return;
    this.#lapse = setTimeout(() => {
      this.#listener.changed();
      this.#watchLapse();
    }, nextLapse - Date.now());
  }

  /** Sends what waits, one at a time, so that the order of writing is the order of the room. */
  #drain() {
    const entry = this.#outbox.next;
    if (entry === undefined || this.#isDraining || !this.#connection.isOpen) return;
    this.#isDraining = true;
    const { id, text } = entry;
    this.#outbox.mark(id, 'sending');
    this.#connection.ask('message', { message: text, id }, (result, code) => {
      this.#isDraining = false;
      if (result === undefined) this.#unanswered(id, code);
      else if (result.ok) this.#stored(id, result.message);
      else this.#refused(id, result.error);
      this.#listener.changed();
    });
  }

  /** @param {string} id @param {Message} message */
  #stored(id, message) {
    this.#outbox.remove(id);
    this.messages.addChanged([message]);
    this.#drain();
  }

  /** Nobody knows whether it was stored: it is sent again with the same id. @param {string} id @param {number} code */
  #unanswered(id, code) {
    if (wasTooBig(code)) this.#outbox.mark(id, 'failed', TOO_BIG);
    else this.#outbox.mark(id, 'waiting');
  }

  /** @param {string} id @param {Problem} problem */
  #refused(id, { code, message, retryAfterMs }) {
    if (!TEMPORARY.has(code)) {
      this.#outbox.mark(id, 'failed', message);
      this.#drain();
      return;
    }
    this.#outbox.mark(id, 'waiting');
    this.#isDraining = true;
    this.#again = setTimeout(
      () => {
        this.#isDraining = false;
        this.#drain();
        this.#listener.changed();
      },
      Math.max(AGAIN_MS, retryAfterMs ?? 0),
    );
  }
}
