import { hookEvents } from '../protocol/hook-requests.ts';
import type { Declaration } from './declaration.ts';
import { isSecureUrl } from './keys.ts';

const both = ['node', 'edge'] as const;

/** A secret of the Standard Webhooks specification: 24 to 64 bytes in base64 after its prefix. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

/** The entries of a setting that is a list. */
export function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

function wrongSecrets(value: string): string | undefined {
  const isFine = listOf(value).every((one) => SECRET.test(one) && one.length % 4 === 2);
  return isFine
    ? undefined
    : 'must be secrets such as the line that "echo whsec_$(openssl rand -base64 32)" prints, separated by spaces';
}

function wrongEvents(value: string): string | undefined {
  const isFine = listOf(value).every((name) => hookEvents.some((event) => event === name));
  return isFine ? undefined : `must be some of ${hookEvents.join(', ')}, separated by commas`;
}

function wrongUrl(value: string): string | undefined {
  return isSecureUrl(value)
    ? undefined
    : 'must be an https URL without a user or password, or http on this machine';
}

/** The part of `declarations` for outgoing webhooks and the questions before messages. */
export const hookDeclarations = [
  {
    name: 'WEBHOOK_URL',
    group: 'security',
    kind: 'text',
    wrong: wrongUrl,
    hosts: both,
    about:
      'URL of your backend to which everything that changes in rooms is sent, signed. https, or http on this machine. Unset: nothing is sent.',
  },
  {
    name: 'WEBHOOK_SECRETS',
    group: 'security',
    kind: 'text',
    wrong: wrongSecrets,
    hosts: both,
    about:
      'Secrets that sign requests to your backend, as Standard Webhooks has them (`whsec_…`), separated by spaces; each request carries a signature by each, so that two can be in use while they are rotated.',
  },
  {
    name: 'WEBHOOK_ROOMS',
    group: 'security',
    kind: 'text',
    default: '*',
    hosts: both,
    about:
      'Rooms that are sent, separated by commas: room ids, or prefixes followed by `*`, such as `team-*`. Direct rooms only where an entry begins with `direct:`.',
  },
  {
    name: 'WEBHOOK_EVENTS',
    group: 'security',
    kind: 'text',
    default: 'room.changed',
    wrong: wrongEvents,
    hosts: both,
    about: `What is sent, separated by commas: ${hookEvents.map((event) => `\`${event}\``).join(', ')}.`,
  },
  {
    name: 'WEBHOOK_TIMEOUT_MS',
    group: 'internal',
    kind: 'whole',
    default: 15_000,
    min: 100,
    max: 15_000,
    hosts: both,
    unit: 'ms',
    about: 'Time your backend has to answer a webhook.',
  },
  {
    name: 'BEFORE_MESSAGE_URL',
    group: 'security',
    kind: 'text',
    wrong: wrongUrl,
    hosts: both,
    about:
      'URL of your backend that is asked before a message, an edit or the end of a stream is stored, and may refuse or change the text. Signed with `WEBHOOK_SECRETS`. https, or http on this machine. Unset: nothing is asked.',
  },
  {
    name: 'BEFORE_MESSAGE_ON_FAILURE',
    group: 'security',
    kind: 'choice',
    default: 'allow',
    choices: ['allow', 'refuse'],
    hosts: both,
    about:
      'What happens to a text while `BEFORE_MESSAGE_URL` fails: `allow` stores it as it is, `refuse` refuses it as `unavailable`.',
  },
  {
    name: 'BEFORE_MESSAGE_TIMEOUT_MS',
    group: 'tuning',
    kind: 'whole',
    default: 1_500,
    min: 100,
    max: 10_000,
    hosts: both,
    unit: 'ms',
    about: 'Time your backend has to decide about a text, which its sender waits for.',
  },
] as const satisfies readonly Declaration[];
