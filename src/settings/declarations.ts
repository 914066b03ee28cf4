import { wrongClientUrl, wrongPublicUrl } from '../auth/origin.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { EXAMPLE_SECRET, wrongKeySetUrl, wrongSecret } from './keys.ts';

/**
 * Every setting there is. `.env.example`, the table in the README and the checks at start are made
 * from this list.
 */

export type HostName = 'node' | 'edge';

interface Declared {
  name: string;
  /** Where it has a meaning. */
  hosts: readonly HostName[];
  /** One line for the table. */
  about: string;
  unit?: string;
}

export type Declaration = Declared &
  (
    | { kind: 'whole'; default: number; least: number; most: number; limit?: keyof Limits }
    | {
        kind: 'text';
        default?: string;
        /** What `.env.example` shows, where that is no default. */
        example?: string;
        wrong?: (value: string) => string | undefined;
      }
    | { kind: 'choice'; default: string; choices: readonly string[] }
    | { kind: 'switch'; default?: boolean }
  );

const both = ['node', 'edge'] as const;
const node = ['node'] as const;
const edge = ['edge'] as const;

export const declarations = [
  {
    name: 'PORT',
    kind: 'whole',
    default: 4000,
    least: 0,
    most: 65_535,
    hosts: node,
    about: 'Where the server listens; 0 takes any free port.',
  },
  {
    name: 'JWT_SECRET',
    kind: 'text',
    example: EXAMPLE_SECRET,
    wrong: wrongSecret,
    hosts: both,
    unit: '32 bytes or more',
    about:
      'Signs and checks tokens (HS256). Development mode makes one when none is set; production needs one of your own.',
  },
  {
    name: 'CLIENT_URL',
    kind: 'text',
    example: 'http://localhost:3001',
    wrong: wrongClientUrl,
    hosts: both,
    about:
      'Web pages that may connect, with commas between them, besides those of the service itself: https://app.example.com, https://*.example.com for every host one label below, capacitor://localhost for an app. The node host takes http://localhost:3001 when none is set; development mode on loopback also takes every port of this machine.',
  },
  {
    name: 'HOST',
    kind: 'text',
    hosts: node,
    about:
      'Address to listen on. Unset, development mode takes loopback (127.0.0.1 and ::1) and production every address.',
  },
  {
    name: 'DATA_DIR',
    kind: 'text',
    default: '.data',
    hosts: node,
    about: 'Folder that holds the rooms.',
  },
  {
    name: 'ALLOW_GUESTS',
    kind: 'switch',
    hosts: both,
    about:
      'Lets people in without a token. Unset: on in development mode on loopback while JWT_SECRET is not set, else off.',
  },
  {
    name: 'PUBLIC_URL',
    kind: 'text',
    wrong: wrongPublicUrl,
    hosts: both,
    about: 'The address users see, where it differs from what reaches the server.',
  },
  {
    name: 'DURABILITY',
    kind: 'choice',
    default: 'disk',
    choices: ['disk', 'process'],
    hosts: node,
    about:
      'What an acknowledged message survives: `disk` also a power failure, `process` a crash of the server, with less latency.',
  },
  {
    name: 'JWT_ISSUER',
    kind: 'text',
    hosts: both,
    about: 'Required `iss` of tokens, when set.',
  },
  {
    name: 'JWT_AUDIENCE',
    kind: 'text',
    hosts: both,
    about: 'Required `aud` of tokens, when set.',
  },
  {
    name: 'ROOM_ACCESS',
    kind: 'choice',
    default: 'open',
    choices: ['open', 'token'],
    hosts: both,
    about: 'Who may enter which rooms: `open`, anyone any; `token`, only those a token names.',
  },
  {
    name: 'MAX_OPEN_ROOMS',
    kind: 'whole',
    default: 256,
    least: 1,
    most: 10_000,
    hosts: node,
    unit: 'rooms',
    about: 'Database files open at a time.',
  },
  {
    name: 'PING_INTERVAL_MS',
    kind: 'whole',
    default: 25_000,
    least: 100,
    most: 600_000,
    hosts: both,
    unit: 'ms',
    about: 'Socket.IO: time between heartbeats.',
  },
  {
    name: 'PING_TIMEOUT_MS',
    kind: 'whole',
    default: 20_000,
    least: 100,
    most: 600_000,
    hosts: both,
    unit: 'ms',
    about: 'Socket.IO: how long an answer to a heartbeat may take.',
  },
  {
    name: 'CONNECT_TIMEOUT_MS',
    kind: 'whole',
    limit: 'connectTimeoutMs',
    default: 10_000,
    least: 100,
    most: 600_000,
    hosts: both,
    unit: 'ms',
    about: 'How long a socket may stay unauthenticated.',
  },
  {
    name: 'KEEP_ALIVE_MS',
    kind: 'whole',
    default: 75_000,
    least: 1_000,
    most: 3_600_000,
    hosts: node,
    unit: 'ms',
    about:
      'How long an idle HTTP connection stays open for the next request: longer than a proxy keeps its connections to the server, which is 60 s as a rule.',
  },
  {
    name: 'MAX_UNAUTHENTICATED_SOCKETS',
    kind: 'whole',
    default: 4_000,
    least: 10,
    most: 100_000,
    hosts: node,
    unit: 'sockets',
    about:
      'Unauthenticated connections, all together; one more, and the oldest of them is dropped. Each takes up to 25 KB.',
  },
  {
    name: 'MAX_FRAME_BYTES',
    kind: 'whole',
    limit: 'frameBytes',
    default: 64 * 1024,
    least: 1_024,
    most: 1024 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'One frame, packet or HTTP body from a client.',
  },
  {
    name: 'MAX_FRAME_TUPLES',
    kind: 'whole',
    limit: 'tuplesPerFrame',
    default: 64,
    least: 1,
    most: 1_024,
    hosts: both,
    unit: 'commands',
    about: 'Commands in one frame.',
  },
  {
    name: 'MAX_JSON_DEPTH',
    kind: 'whole',
    limit: 'jsonDepth',
    default: 16,
    least: 4,
    most: 128,
    hosts: both,
    unit: 'levels',
    about: 'Nesting of JSON.',
  },
  {
    name: 'MAX_MESSAGE_BYTES',
    kind: 'whole',
    limit: 'messageBytes',
    default: 8_192,
    least: 1,
    most: 256 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'Text of one message, in UTF-8.',
  },
  {
    name: 'MAX_STREAM_BYTES',
    kind: 'whole',
    limit: 'streamBytes',
    default: 65_536,
    least: 1,
    most: 256 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'Text of one message that streams, in UTF-8.',
  },
  {
    name: 'COMMANDS_PER_SECOND',
    kind: 'whole',
    limit: 'commandsPerSecond',
    default: 50,
    least: 1,
    most: 100_000,
    hosts: both,
    unit: 'commands/s',
    about: 'What a user may do in a room; pages count 5, joining 10.',
  },
  {
    name: 'COMMAND_BURST',
    kind: 'whole',
    limit: 'commandBurst',
    default: 200,
    least: 10,
    most: 1_000_000,
    hosts: both,
    unit: 'commands',
    about: 'What a user can have saved up.',
  },
  {
    name: 'MAX_CONNECTIONS_PER_USER',
    kind: 'whole',
    limit: 'connectionsPerUser',
    default: 10,
    least: 1,
    most: 10_000,
    hosts: both,
    unit: 'connections',
    about: 'Connections of one user to one room.',
  },
  {
    name: 'MAX_ROOMS_PER_SOCKET',
    kind: 'whole',
    limit: 'roomsPerSocket',
    default: 50,
    least: 1,
    most: 1_000,
    hosts: both,
    unit: 'rooms',
    about: 'Rooms one Socket.IO socket may be in.',
  },
  {
    name: 'MAX_BATCH_DELAY_MS',
    kind: 'whole',
    limit: 'batchDelayMs',
    default: 50,
    least: 0,
    most: 1_000,
    hosts: both,
    unit: 'ms',
    about:
      'How long events of a busy room may wait to leave in one frame; a quiet room never waits.',
  },
  {
    name: 'MAX_SOCKET_EVENTS',
    kind: 'whole',
    default: 200_000,
    least: 100,
    most: 10_000_000,
    hosts: edge,
    unit: 'events',
    about: 'What one Socket.IO socket may carry before it is closed to come back.',
  },
  {
    name: 'MAX_SOCKET_JOINS',
    kind: 'whole',
    default: 5_000,
    least: 10,
    most: 1_000_000,
    hosts: edge,
    unit: 'joins',
    about: 'Joins of one Socket.IO socket before it is closed to come back.',
  },
  {
    name: 'MAX_UNSENT_BYTES',
    kind: 'whole',
    limit: 'unsentBytes',
    default: 1024 * 1024,
    least: 64 * 1024,
    most: 64 * 1024 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'What may wait for a slow reader before it is sent away to resume.',
  },
  {
    name: 'JWT_SECRET_OLD',
    kind: 'text',
    wrong: wrongSecret,
    hosts: both,
    unit: '32 bytes or more',
    about:
      'The secret before this one: its tokens hold too, and nothing new is signed with it. Leave it out once the last of them has ended.',
  },
  {
    name: 'JWT_JWKS_URL',
    kind: 'text',
    wrong: wrongKeySetUrl,
    hosts: both,
    about:
      'Where your sign-in service publishes its public keys (a JSON Web Key Set): tokens signed with its RSA, ECDSA or Ed25519 keys then hold, with or without JWT_SECRET. https, or http on this machine.',
  },
  {
    name: 'LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    hosts: both,
    about: 'The least urgent lines that are written to the log.',
  },
  {
    name: 'METRICS_TOKEN',
    kind: 'text',
    wrong: (value) => (value.length >= 16 ? undefined : 'must be at least 16 characters long'),
    hosts: node,
    unit: '16 characters or more',
    about: 'Opens /metrics to who shows it as a bearer token. Unset: to this machine only.',
  },
  {
    name: 'TRUST_PROXY',
    kind: 'switch',
    hosts: node,
    about:
      'A proxy of yours stands before the server: what it says in X-Forwarded-Host then counts as the address that users see. Leave it out when clients reach the server themselves, for they could then say anything.',
  },
] as const satisfies readonly Declaration[];
