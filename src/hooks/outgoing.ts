import { fractionOf } from '../deliveries/backoff.ts';
import { type HookEvent, hookEvents } from '../protocol/hook-requests.ts';
import { isDirect, DIRECT_PREFIX } from '../protocol/inbox-objects.ts';
import { listOf } from '../settings/hook-declarations.ts';
import type { Settings } from '../settings/settings.ts';
import type { HookEndpoint } from './post.ts';

export type HookSettings = Pick<
  Settings,
  'WEBHOOK_URL' | 'WEBHOOK_SECRETS' | 'WEBHOOK_ROOMS' | 'WEBHOOK_EVENTS' | 'WEBHOOK_TIMEOUT_MS'
>;

/** The endpoint of the outgoing webhook, and what it follows. */
export interface OutgoingHook extends HookEndpoint {
  /** Changes with the settings: a stopped webhook runs again when they change. */
  fingerprint: string;
  /** The events that are sent of a room; none for a room that is not followed. */
  eventsOf: (roomId: string) => ReadonlySet<HookEvent>;
  /** Whether it gets the notifications of a room; absent where it gets none. */
  notifies?: (roomId: string) => boolean;
}

const NONE: ReadonlySet<HookEvent> = new Set();

/** The outgoing webhook that these settings configure; undefined without one. */
export function outgoingHookOf(settings: HookSettings): OutgoingHook | undefined {
  const { WEBHOOK_URL: url, WEBHOOK_SECRETS, WEBHOOK_ROOMS, WEBHOOK_EVENTS } = settings;
  if (url === undefined) return undefined;
  const patterns = listOf(WEBHOOK_ROOMS);
  const asked = listOf(WEBHOOK_EVENTS);
  const events = new Set(hookEvents.filter((event) => asked.includes(event)));
  const secrets = listOf(WEBHOOK_SECRETS);
  const eventsOf = (roomId: string) =>
    patterns.some((pattern) => names(pattern, roomId)) ? events : NONE;
  return {
    url,
    secrets,
    timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
    fingerprint: JSON.stringify([url, fractionOf(secrets.join()), patterns, asked]),
    eventsOf,
    ...(events.has('notification') && {
      notifies: (roomId: string) => eventsOf(roomId).has('notification'),
    }),
  };
}

/** Why these settings cannot work; undefined where they can, or configure no webhook. */
export function wrongHook(
  settings: Pick<Settings, 'WEBHOOK_URL' | 'BEFORE_MESSAGE_URL' | 'WEBHOOK_SECRETS'>,
): string | undefined {
  if (settings.WEBHOOK_SECRETS !== undefined) return undefined;
  const names = ['WEBHOOK_URL', 'BEFORE_MESSAGE_URL'] as const;
  const unsigned = names.find((name) => settings[name] !== undefined);
  if (unsigned === undefined) return undefined;
  return `${unsigned} needs WEBHOOK_SECRETS: set it to what "echo whsec_$(openssl rand -base64 32)" prints, and give it to your backend.`;
}

function names(pattern: string, roomId: string): boolean {
  if (isDirect(roomId) && !pattern.startsWith(DIRECT_PREFIX)) return false;
  return pattern.endsWith('*') ? roomId.startsWith(pattern.slice(0, -1)) : roomId === pattern;
}
