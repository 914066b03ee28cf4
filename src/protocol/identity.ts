import type { Role } from './objects.ts';

/** What the user ids of guests, and only theirs, begin with. */
export const GUEST_PREFIX = 'guest:';

/** The user of a verified token or a guest token. The only identity there is. */
export interface Identity {
  userId: string;
  /** The verified display name; without one, the name a client claims counts, as unverified. */
  name?: string;
  /** Set for guests, who have no token and own nothing. */
  guest?: true;
  /** What a guest sends back to be the same guest again. */
  guestToken?: string;
  /** Roles that the token grants, by room pattern. */
  rooms?: Readonly<Record<string, Role>>;
  /** Acts above owners, in every room. */
  admin?: true;
  /** When the token ends, in epoch milliseconds. */
  expiresAt?: number;
}
