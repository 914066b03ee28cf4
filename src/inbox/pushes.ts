import { Deliveries } from '../deliveries/deliveries.ts';
import { inboxLimits } from '../protocol/codes/inbox-limits.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { ConversationState } from '../protocol/inbox-objects.ts';
import type { Connections } from '../room/presence/connections.ts';
import type { Database } from '../room/storage/database.ts';
import { isVisibleTo } from './conversations/shown.ts';
import type { InboxPorts } from './ports.ts';
import type { StoredNotice } from './storage/notices.ts';
import type { PushSubscription } from './storage/push-subscriptions.ts';
import type { InboxStores } from './storage/stores.ts';

/** The target under which deliveries to a push subscription are stored, followed by its id. */
export const PUSH_TARGET = 'push:';

/** The target under which a user's deliveries to the outgoing webhook are stored, followed by the user id. */
export const NOTIFY_TARGET = 'notify:';

/**
 * The target under which deliveries to rooms that must erase a user are stored, followed by
 * the user id.
 */
export const ERASE_TARGET = 'erase:';

/** The most notices in one step. */
const STEP = 100;

/** The body of a delivery to a push subscription: the user to ask the room about, and the subscription. */
export interface PushBody {
  userId: string;
  id: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  /** Rooms that were read, whose notifications can be closed. */
  read: string[];
}

/** The message of a notice. */
export type Noticed = Pick<StoredNotice, 'seq' | 'at'>;

interface PushParts {
  stores: InboxStores;
  database: Database;
  connections: Connections;
  limits: Limits;
  /** Whether notifications can be pushed at all. */
  isPushing: boolean;
  /** Whether the outgoing webhook gets the notifications of a room; absent where it gets none. */
  notifiesHook: ((roomId: string) => boolean) | undefined;
}

/**
 * Notifies users: a state from a room makes a notice, and a notice that is due makes a delivery for
 * each of the user's push subscriptions and one for the outgoing webhook. Its content is asked of the
 * room when it is sent. Deliveries of inboxes to rooms share the table and the wakeup.
 */
export class Pushes {
  readonly #parts: PushParts;
  readonly #ports: InboxPorts;
  readonly #deliveries: Deliveries;
  /** When the wakeup comes, in epoch milliseconds; undefined also when that is not known. */
  #wakeAt: number | undefined;
  /** Whether something was noted since the wakeup was last set. */
  #hasNoted = false;

  constructor(parts: PushParts, ports: InboxPorts) {
    this.#parts = parts;
    this.#ports = ports;
    const sql = parts.database;
    this.#deliveries = new Deliveries({ ...ports, sql }, (target, key) => this.#read(target, key));
  }

  /** Updates the notice of a room from its state. Call it inside the transaction that stores the state. */
  note(userId: string, roomId: string, { notice, readUpTo, gone }: ConversationState): void {
    const { notices } = this.#parts.stores;
    if (!this.#isOn) return;
    const known = notices.find(userId, roomId);
    if (known !== undefined && known.due !== null && (gone || readUpTo >= known.seq)) {
      notices.put({ ...known, due: null });
    }
    if (gone || notice === undefined || !isNewer(notice, known)) return;
    if (!this.#isNotified(userId, roomId)) return;
    const due = Math.min(known?.due ?? Infinity, this.#dueAt(userId, notice.at));
    const { seq, at } = notice;
    notices.put({ userId, roomId, seq, at, due, pushedAt: known?.pushedAt ?? null });
    this.#hasNoted = true;
  }

  /** Has a room erase a user. Call it inside the transaction that takes the room's state. */
  erase(userId: string, roomId: string): void {
    this.#deliveries.add(`${ERASE_TARGET}${userId}`, roomId);
    this.#hasNoted = true;
  }

  /** Makes deliveries of notices that are due. Call it inside the transaction that noted them. */
  advance(): void {
    if (this.#hasNoted) this.#step();
  }

  /** Sets the wakeup for the rest. Call it after that transaction. */
  schedule(): void {
    if (!this.#hasNoted) return;
    this.#setWakeup();
    this.#hasNoted = false;
  }

  /** The object was woken. */
  wake(): void {
    const { clock } = this.#ports;
    this.#wakeAt = undefined;
    this.#parts.database.atomic(() => {
      this.#parts.stores.notices.bringForward(clock.now() + inboxLimits.pushWaitMs);
      this.#deliveries.wake();
      this.#step();
    });
    this.#setWakeup();
  }

  /** Starts deliveries that are due. Call it when they are durable. */
  dispatch(): void {
    this.#deliveries.dispatch();
  }

  /** Ends pushing to a browser. */
  drop(subscription: PushSubscription): void {
    this.#parts.stores.subscriptions.remove(subscription);
    this.#deliveries.drop(`${PUSH_TARGET}${subscription.id}`);
  }

  /** Removes everything that is stored here about a user. */
  forget(userId: string): void {
    const { notices, subscriptions } = this.#parts.stores;
    for (const subscription of subscriptions.of(userId)) this.drop(subscription);
    notices.forget(userId);
    this.#deliveries.drop(`${NOTIFY_TARGET}${userId}`);
  }

  /** A push that shows this message was delivered. */
  pushed(userId: string, roomId: string, shown: Noticed): void {
    const { notices } = this.#parts.stores;
    const known = notices.find(userId, roomId);
    if (known === undefined) return;
    const pushedAt = this.#ports.clock.now();
    notices.put({ ...known, ...(isNewer(shown, known) && shown), pushedAt });
  }

  get #isOn(): boolean {
    return this.#parts.isPushing || this.#parts.notifiesHook !== undefined;
  }

  #isNotified(userId: string, roomId: string): boolean {
    const { isPushing, notifiesHook, stores } = this.#parts;
    return notifiesHook?.(roomId) === true || (isPushing && stores.subscriptions.has(userId));
  }

  /** When to push: later for connected users, who may be about to read the message. */
  #dueAt(userId: string, at: number): number {
    const now = this.#ports.clock.now();
    if (this.#parts.connections.joinedOf(userId).length === 0) return now;
    return Math.min(Math.max(at + inboxLimits.pushWaitMs, now), now + inboxLimits.pushWaitMs);
  }

  #step(): void {
    const { stores, isPushing, notifiesHook } = this.#parts;
    for (const notice of stores.notices.due(this.#ports.clock.now(), STEP)) {
      const { userId, roomId } = notice;
      const subscriptions = isPushing ? stores.subscriptions.of(userId) : [];
      for (const one of subscriptions) this.#deliver(notice, one);
      if (notifiesHook?.(roomId) === true)
        this.#deliveries.add(`${NOTIFY_TARGET}${userId}`, roomId);
      stores.notices.put({ ...notice, due: null });
    }
  }

  #deliver({ roomId, at, userId }: StoredNotice, { id, at: since, rooms }: PushSubscription): void {
    const identity = { userId, ...(rooms !== undefined && { rooms }) };
    if (at < since || !isVisibleTo(identity, roomId, this.#parts.limits)) return;
    this.#deliveries.add(`${PUSH_TARGET}${id}`, roomId);
  }

  /**
   * The body of a delivery; undefined where there is nothing left to notify of, or notifications are
   * switched off.
   */
  #read(target: string, roomId: string): string | undefined {
    if (target.startsWith(ERASE_TARGET)) return '{}';
    const { isPushing, notifiesHook } = this.#parts;
    if (target.startsWith(PUSH_TARGET)) {
      return isPushing ? this.#pushBody(target, roomId) : undefined;
    }
    if (notifiesHook?.(roomId) !== true) return undefined;
    return this.#unread(target.slice(NOTIFY_TARGET.length), roomId) && '{}';
  }

  #pushBody(target: string, roomId: string): string | undefined {
    const { stores } = this.#parts;
    const found = stores.subscriptions.find(target.slice(PUSH_TARGET.length));
    if (found === undefined) return undefined;
    const { userId, id, endpoint, p256dh, auth } = found;
    const notice = this.#unread(userId, roomId);
    const since = this.#ports.clock.now() - inboxLimits.pushKeptMs;
    if (notice === undefined || notice.at < since) return undefined;
    const read = stores.notices.readSince(userId, since, inboxLimits.pushRead);
    return JSON.stringify({ userId, id, endpoint, p256dh, auth, read } satisfies PushBody);
  }

  /** The notice of a user in a room; undefined where they have read it, or lost access. */
  #unread(userId: string, roomId: string): StoredNotice | undefined {
    const { conversations, notices } = this.#parts.stores;
    const conversation = conversations.find(userId, roomId);
    const notice = notices.find(userId, roomId);
    if (conversation === undefined || conversation.gone || notice === undefined) return undefined;
    return conversation.readUpTo >= notice.seq ? undefined : notice;
  }

  #setWakeup(): void {
    const now = this.#ports.clock.now();
    const first = Math.min(
      this.#parts.stores.notices.firstDue() ?? Infinity,
      this.#deliveries.nextWakeup(now) ?? Infinity,
    );
    if (first === Infinity || (this.#wakeAt !== undefined && this.#wakeAt <= first)) return;
    this.#wakeAt = first;
    this.#ports.wakeup.set(first);
  }
}

/** Compares times first: in a room's next epoch `seq` begins again. */
function isNewer({ seq, at }: Noticed, known: Noticed | undefined): boolean {
  if (known === undefined) return true;
  return at > known.at || (at === known.at && seq > known.seq);
}
