import type { Settings } from '../settings/settings.ts';
import type { PushContent } from './notification.ts';
import { pushHostsOf } from './push-hosts.ts';
import { PushSender } from './push-sender.ts';

type PushSettings = Pick<
  Settings,
  | 'VAPID_PUBLIC_KEY'
  | 'VAPID_PRIVATE_KEY'
  | 'VAPID_SUBJECT'
  | 'PUBLIC_URL'
  | 'PUSH_HOSTS'
  | 'PUSH_CONTENT'
>;

/** The parts with which notifications are pushed. */
export interface Push {
  /** The public key with which browsers subscribe. */
  key: string;
  accepts: (endpoint: string) => boolean;
  sender: PushSender;
  content: PushContent;
}

/** How a host pushes; undefined where the settings have no keys. */
export function pushOf(settings: PushSettings): Push | undefined {
  const { VAPID_PUBLIC_KEY: key, VAPID_PRIVATE_KEY: privateKey, PUSH_CONTENT: content } = settings;
  const subject = subjectOf(settings);
  if (key === undefined || privateKey === undefined || subject === undefined) return undefined;
  const accepts = pushHostsOf(settings.PUSH_HOSTS);
  const sender = new PushSender({ publicKey: key, privateKey, subject }, accepts);
  return { key, accepts, sender, content };
}

/** Why these settings cannot work; undefined where they can, or configure no push. */
export function wrongPush(settings: PushSettings): string | undefined {
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY } = settings;
  if ((VAPID_PUBLIC_KEY === undefined) !== (VAPID_PRIVATE_KEY === undefined)) {
    return 'VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY need each other: take both from "npm run push-keys".';
  }
  if (VAPID_PUBLIC_KEY === undefined || subjectOf(settings) !== undefined) return undefined;
  return 'Set VAPID_SUBJECT to an address that push services can write to, such as mailto:admin@example.com.';
}

/** The contact for push services. */
function subjectOf({ VAPID_SUBJECT, PUBLIC_URL }: PushSettings): string | undefined {
  if (VAPID_SUBJECT !== undefined) return VAPID_SUBJECT;
  return PUBLIC_URL?.startsWith('https:') === true ? new URL(PUBLIC_URL).origin : undefined;
}
