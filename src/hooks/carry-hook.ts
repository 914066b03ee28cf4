import { MAX_BACKOFF_MS } from '../deliveries/backoff.ts';
import { type Carry, carryInOrder } from '../host/courier.ts';
import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import type { Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { HookEvent } from '../protocol/hook-requests.ts';
import { formatPosition } from '../protocol/position.ts';
import type { Identity } from '../protocol/identity.ts';
import { LOG_KEY } from '../room/hook/deliver.ts';
import { type Hook, type LogBody, ROOM_TARGET, STATUS_TARGET } from './hook.ts';
import type { Batch, FailingRoom } from './hook-rows.ts';
import type { Post, PostOutcome } from './post.ts';
import { eventId } from './sign.ts';

/** The identity of the service itself when it asks a room. */
export const HOOK_IDENTITY: Identity = { userId: 'parlor:hook', admin: true };

/** How long an attempt may begin further requests, in milliseconds. */
const STARTS_WITHIN_MS = 10_000;

/** How long a room may take to answer, in milliseconds. */
const READ_TIMEOUT_MS = 10_000;

/** The longest time-out of a request, in milliseconds. */
const POST_TIMEOUT_MS = 15_000;

/**
 * The longest an attempt takes, in milliseconds: the next one must not begin while a request
 * is under way.
 */
export const HOOK_CARRY_MS = STARTS_WITHIN_MS + READ_TIMEOUT_MS + POST_TIMEOUT_MS + 5_000;

/** How the carrier reaches rooms, the endpoint, and the object that stores the positions. */
export interface HookPeers {
  changes: (roomId: string, after: string) => Promise<Result<Reply<'getChanges'>>>;
  /** The events that are sent of a room, by the settings. */
  eventsOf: (roomId: string) => ReadonlySet<HookEvent>;
  /** Runs `work` in the hook. Resolves when its changes are durable. */
  hook: <T>(work: (hook: Hook) => T) => Promise<T>;
  post: Post;
  /** Reports that requests of a room fail, or are accepted again; absent where nothing is reported. */
  report?: (roomId: string, failing: Omit<FailingRoom, 'roomId'> | undefined) => Promise<void>;
}

/** Carries deliveries to the endpoint: one request a room at a time, in order. */
export function hookCarrier(peers: HookPeers): Carry {
  return async (target, deliveries) => {
    if (target === STATUS_TARGET) return reportAll(peers, deliveries);
    if (await peers.hook((hook) => hook.isStopped)) {
      return deliveries.map(() => ({ retryAfterMs: MAX_BACKOFF_MS }));
    }
    const roomId = target.slice(ROOM_TARGET.length);
    const events = peers.eventsOf(roomId);
    const ended: string[] = [];
    return carryInOrder(deliveries, STARTS_WITHIN_MS, async (delivery) => {
      const carry = delivery.key === LOG_KEY ? carryLog : carryEvent;
      // Since it was stored, the settings may have changed.
      const isSent = events.has(eventOf(delivery));
      const outcome = isSent ? await carry(peers, roomId, delivery) : 'nothing';
      ended.push(delivery.key);
      if (outcome !== 'nothing') return outcome;
      await peers.hook((hook) => hook.nothingToSend(roomId, ended));
      return 'delivered';
    });
  };
}

function eventOf({ key, body }: Delivery): HookEvent {
  return key === LOG_KEY ? 'room.changed' : (JSON.parse(body) as { type: HookEvent }).type;
}

/** @returns `nothing` where there is no log to send */
async function carryLog(
  peers: HookPeers,
  roomId: string,
  { body, version }: Delivery,
): Promise<DeliveryOutcome | 'nothing'> {
  const { position, replays, batch: kept } = JSON.parse(body) as LogBody;
  const read = kept === null ? await readBatch(peers, roomId, position, replays) : kept;
  if (typeof read === 'string') return read;
  const { hook, post } = peers;
  const outcome = read.id === '' ? TAKEN : await post(read.id, read.body);
  if (outcome.type === 'taken') {
    await hook((live) => live.batchAccepted(roomId, replays, read));
    return 'delivered';
  }
  return failed(peers, roomId, outcome, (live, reason) =>
    live.failed(roomId, reason, version, read),
  );
}

const TAKEN: PostOutcome = { type: 'taken' };

/**
 * The next request of a room, its id empty where there is nothing to send; or how the attempt ended
 * without one.
 */
async function readBatch(
  { changes: ask, hook }: HookPeers,
  roomId: string,
  after: string,
  replays: number,
): Promise<Batch | 'nothing' | 'failed'> {
  const answer = await within(READ_TIMEOUT_MS, ask(roomId, after));
  if (answer === undefined || !answer.ok) {
    // A deleted room has no log to send.
    if (answer?.error.code === 'room_not_found') return 'nothing';
    await hook((live) => live.failed(roomId, 'its room does not answer'));
    return 'failed';
  }
  const { ok: _, hasMore, ...data } = answer;
  const { epoch, from, to, changes, reset } = data;
  // A room that has begun again is sent with its first change.
  if (to === 0) return 'nothing';
  const position = formatPosition({ epoch, rev: to });
  const isEmpty = changes.length === 0 && reset === undefined;
  const id = isEmpty ? '' : await eventId([roomId, epoch, from, to, replays]);
  const timestamp = new Date().toISOString();
  const event = { type: 'room.changed', timestamp, data: { roomId, ...data } };
  return { id, body: isEmpty ? '' : JSON.stringify(event), position, hasMore };
}

async function carryEvent(
  peers: HookPeers,
  roomId: string,
  { key, version, body }: Delivery,
): Promise<DeliveryOutcome> {
  const outcome = await peers.post(await eventId([roomId, key, version]), body);
  if (outcome.type === 'taken') {
    await peers.hook((hook) => hook.eventAccepted(roomId));
    return 'delivered';
  }
  return failed(peers, roomId, outcome, (live, reason) => live.failed(roomId, reason));
}

async function failed(
  { hook }: HookPeers,
  roomId: string,
  outcome: Exclude<PostOutcome, { type: 'taken' }>,
  note: (hook: Hook, reason: string) => void,
): Promise<DeliveryOutcome> {
  if (outcome.type === 'gone') {
    await hook((live) => live.stop(roomId));
    return { retryAfterMs: MAX_BACKOFF_MS };
  }
  const { reason, retryAfterMs } = outcome;
  await hook((live) => note(live, reason));
  return retryAfterMs === undefined ? 'failed' : { retryAfterMs };
}

async function reportAll(
  { report }: HookPeers,
  deliveries: readonly Delivery[],
): Promise<DeliveryOutcome[]> {
  for (const { key, body } of deliveries) {
    const { failing } = JSON.parse(body) as { failing?: Omit<FailingRoom, 'roomId'> };
    await report?.(key, failing);
  }
  return deliveries.map(() => 'delivered');
}

/** The result of a promise within a time, or undefined. */
async function within<T>(ms: number, asked: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([asked, promise]);
  } finally {
    // A remaining timer would keep the object awake.
    clearTimeout(timer);
  }
}
