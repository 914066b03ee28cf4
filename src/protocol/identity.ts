import type { Role } from './objects.ts';

/** The prefix of the user ids of guests, and of no others. */
export const GUEST_PREFIX = 'guest:';

/** The prefix of the user ids of incoming webhooks, and of no others; the webhook's name follows. */
export const HOOK_PREFIX = 'hook:';

/**
 * The reserved prefix of a user id: no token carries such an id, and it has no inbox. Undefined
 * for other ids.
 */
export function reservedPrefix(userId: string): string | undefined {
  return [GUEST_PREFIX, HOOK_PREFIX].find((prefix) => userId.startsWith(prefix));
}

/** Whether a user id belongs to a guest or an incoming webhook. */
export function isReserved(userId: string): boolean {
  return reservedPrefix(userId) !== undefined;
}

/** The user of a verified token or a guest token. The only identity there is. */
export interface Identity {
  userId: string;
  /** The verified display name; without one, the name a client claims counts, as unverified. */
  name?: string;
  /** Set for guests, who have no token and own nothing. */
  guest?: true;
  /** The token by which a guest stays the same guest. */
  guestToken?: string;
  /** Roles that the token grants, by room pattern. */
  rooms?: Readonly<Record<string, Role>>;
  /** Acts above owners, in every room. */
  admin?: true;
  /** A program: it is shown as a bot and may do more. */
  bot?: true;
  /** When the token expires, in epoch milliseconds. */
  expiresAt?: number;
}

/** How many times as much a bot may do as another user. */
export const BOT_FACTOR = 4;

/** What a command of this cost takes from its user's allowance: from a bot's, a quarter of `cost`. */
export function costFor({ bot }: Pick<Identity, 'bot'>, cost = 1): number {
  return bot === true ? cost / BOT_FACTOR : cost;
}
