import { DEFAULT_PUSH_HOSTS, wrongPushHosts } from '../push/push-hosts.ts';
import type { Declaration } from './declaration.ts';

const both = ['node', 'edge'] as const;

/** The part of `declarations` for push notifications. */
export const pushDeclarations = [
  {
    name: 'VAPID_PUBLIC_KEY',
    group: 'security',
    kind: 'text',
    wrong: (value) =>
      /^B[\w-]{86}$/.test(value) ? undefined : 'must be a key that "npm run push-keys" prints',
    hosts: both,
    about:
      'Public key of push notifications; "npm run push-keys" makes a pair. Unset: none are sent, but development mode makes keys of its own from JWT_SECRET. With other keys every browser has to subscribe again.',
  },
  {
    name: 'VAPID_PRIVATE_KEY',
    group: 'security',
    kind: 'text',
    wrong: (value) =>
      /^[\w-]{43}$/.test(value) ? undefined : 'must be a key that "npm run push-keys" prints',
    hosts: both,
    about: 'Private key of push notifications, which signs them.',
  },
  {
    name: 'VAPID_SUBJECT',
    group: 'security',
    kind: 'text',
    wrong: (value) =>
      /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/.test(value)
        ? undefined
        : 'must be a mailto: or https: address',
    hosts: both,
    about:
      'Address at which push services reach you: mailto:admin@example.com, or an https URL. Default: PUBLIC_URL, if that is https.',
  },
  {
    name: 'PUSH_HOSTS',
    group: 'security',
    kind: 'text',
    default: DEFAULT_PUSH_HOSTS,
    wrong: wrongPushHosts,
    hosts: both,
    about:
      'Hosts of push services that notifications may be sent to, each with the hosts below it, separated by commas; https on port 443 only, or http://localhost with a port for tests.',
  },
  {
    name: 'PUSH_CONTENT',
    group: 'security',
    kind: 'choice',
    default: 'full',
    choices: ['full', 'sender', 'none'],
    hosts: both,
    about:
      'What a push notification holds, encrypted for its browser: `full`, also the beginning of the message; `sender`, who has written where; `none`, neither.',
  },
] as const satisfies readonly Declaration[];
