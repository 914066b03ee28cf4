import { wrongClientUrl, wrongPublicUrl } from '../auth/origin.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { EXAMPLE_SECRET, wrongKeySetUrl, wrongSecret } from './keys.ts';

/**
 * All settings. `.env.example`, the tables in `docs/settings.md` and the checks at start are made from
 * this list.
 */

export type HostName = 'node' | 'edge';

/**
 * Which table of `docs/settings.md` a setting stands in. `internal` ones are in none: they exist so
 * that tests and benchmarks can lift a limit, and no operator needs them.
 */
export type Group = 'required' | 'security' | 'tuning' | 'internal';

interface Declared {
  name: string;
  group: Group;
  /** The hosts that read it. */
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
    group: 'required',
    kind: 'whole',
    default: 4000,
    least: 0,
    most: 65_535,
    hosts: node,
    about: 'Port to listen on; 0 takes any free port.',
  },
  {
    name: 'JWT_SECRET',
    group: 'required',
    kind: 'text',
    example: EXAMPLE_SECRET,
    wrong: wrongSecret,
    hosts: both,
    unit: '32 bytes or more',
    about:
      'Secret that signs and checks tokens (HS256). Production needs it, or JWT_JWKS_URL; development mode makes one when it is not set.',
  },
  {
    name: 'CLIENT_URL',
    group: 'required',
    kind: 'text',
    example: 'http://localhost:3001',
    wrong: wrongClientUrl,
    hosts: both,
    about:
      'Origins of the web pages that may connect, separated by commas, in addition to the pages of the service itself: https://app.example.com, https://*.example.com for every host one label below, capacitor://localhost for an app. Default on the node host: http://localhost:3001. Development mode on loopback also allows every port of this machine.',
  },
  {
    name: 'HOST',
    group: 'required',
    kind: 'text',
    hosts: node,
    about:
      'Address to listen on. Unset: loopback (127.0.0.1 and ::1) in development mode, every address in production.',
  },
  {
    name: 'DATA_DIR',
    group: 'required',
    kind: 'text',
    default: '.data',
    hosts: node,
    about: 'Folder that holds the rooms, one SQLite file each.',
  },
  {
    name: 'PUBLIC_URL',
    group: 'required',
    kind: 'text',
    wrong: wrongPublicUrl,
    hosts: both,
    about:
      'URL that users see, such as https://chat.example.com, when a proxy changes it on the way to the server.',
  },
  {
    name: 'JWT_JWKS_URL',
    group: 'required',
    kind: 'text',
    wrong: wrongKeySetUrl,
    hosts: both,
    about:
      'URL of the JSON Web Key Set in which your sign-in service publishes its public keys: tokens signed with its RSA, ECDSA or Ed25519 keys are then accepted, with or without JWT_SECRET. https, or http on this machine.',
  },
  {
    name: 'ALLOW_GUESTS',
    group: 'security',
    kind: 'switch',
    hosts: both,
    about:
      'Allows connections without a token, as guests. Unset: on in development mode on loopback while JWT_SECRET is not set, otherwise off.',
  },
  {
    name: 'ROOM_ACCESS',
    group: 'security',
    kind: 'choice',
    default: 'open',
    choices: ['open', 'token'],
    hosts: both,
    about:
      'Which rooms a user may enter: `open`, every room that is not private; `token`, only the rooms that the token names.',
  },
  {
    name: 'JWT_ISSUER',
    group: 'security',
    kind: 'text',
    hosts: both,
    about: 'Tokens must carry this `iss`, when set.',
  },
  {
    name: 'JWT_AUDIENCE',
    group: 'security',
    kind: 'text',
    hosts: both,
    about: 'Tokens must carry this `aud`, when set.',
  },
  {
    name: 'JWT_SECRET_OLD',
    group: 'security',
    kind: 'text',
    wrong: wrongSecret,
    hosts: both,
    unit: '32 bytes or more',
    about:
      'The previous secret: its tokens are still accepted, and it signs nothing. Remove it when the last of them has expired.',
  },
  {
    name: 'METRICS_TOKEN',
    group: 'security',
    kind: 'text',
    wrong: (value) => (value.length >= 16 ? undefined : 'must be at least 16 characters long'),
    hosts: node,
    unit: '16 characters or more',
    about: 'Bearer token that gives access to /metrics. Unset: only this machine has access.',
  },
  {
    name: 'TRUST_PROXY',
    group: 'security',
    kind: 'switch',
    hosts: node,
    about:
      'Take the address that users see from X-Forwarded-Host. Only for a server behind your own proxy: clients that reach the server directly could set the header to anything.',
  },
  {
    name: 'CONNECT_TIMEOUT_MS',
    group: 'security',
    kind: 'whole',
    limit: 'connectTimeoutMs',
    default: 10_000,
    least: 100,
    most: 600_000,
    hosts: both,
    unit: 'ms',
    about: 'Time a connection has to authenticate.',
  },
  {
    name: 'MAX_UNAUTHENTICATED_SOCKETS',
    group: 'security',
    kind: 'whole',
    default: 4_000,
    least: 10,
    most: 100_000,
    hosts: node,
    unit: 'sockets',
    about:
      'Unauthenticated connections in total; above it, the oldest is dropped. Each takes up to 25 KB of memory.',
  },
  {
    name: 'MAX_FRAME_BYTES',
    group: 'security',
    kind: 'whole',
    limit: 'frameBytes',
    default: 64 * 1024,
    least: 1_024,
    most: 1024 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'Size of one frame, packet or HTTP body from a client.',
  },
  {
    name: 'MAX_MESSAGE_BYTES',
    group: 'security',
    kind: 'whole',
    limit: 'messageBytes',
    default: 8_192,
    least: 1,
    most: 256 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'Size of the text of one message, in UTF-8.',
  },
  {
    name: 'COMMANDS_PER_SECOND',
    group: 'security',
    kind: 'whole',
    limit: 'commandsPerSecond',
    default: 50,
    least: 1,
    most: 100_000,
    hosts: both,
    unit: 'commands/s',
    about: 'Rate of commands of one user in one room; pages and searches count 5, joining 10.',
  },
  {
    name: 'COMMAND_BURST',
    group: 'security',
    kind: 'whole',
    limit: 'commandBurst',
    default: 200,
    least: 10,
    most: 1_000_000,
    hosts: both,
    unit: 'commands',
    about: 'Commands a user may send at once after a pause.',
  },
  {
    name: 'MAX_CONNECTIONS_PER_USER',
    group: 'security',
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
    group: 'security',
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
    name: 'FILES_SECRET',
    group: 'security',
    kind: 'text',
    wrong: wrongSecret,
    hosts: both,
    unit: '32 bytes or more',
    about:
      'Secret that signs the tokens in the addresses of files. Unset: a key derived from JWT_SECRET; files need one of the two.',
  },
  {
    name: 'MAX_FILE_BYTES',
    group: 'security',
    kind: 'whole',
    limit: 'fileBytes',
    default: 25 * 1024 * 1024,
    least: 0,
    most: 5 * 1024 ** 3,
    hosts: both,
    unit: 'bytes',
    about: 'Size of one uploaded file. 0: no uploads.',
  },
  {
    name: 'MAX_ROOM_FILE_BYTES',
    group: 'security',
    kind: 'whole',
    limit: 'roomFileBytes',
    default: 1024 ** 3,
    least: 0,
    most: 1024 ** 4,
    hosts: both,
    unit: 'bytes',
    about: 'Size of all files of one room.',
  },
  {
    name: 'MAX_USER_FILE_BYTES',
    group: 'security',
    kind: 'whole',
    limit: 'userFileBytes',
    default: 100 * 1024 * 1024,
    least: 0,
    most: 1024 ** 4,
    hosts: both,
    unit: 'bytes',
    about: 'Size of what one user may upload into one room in a day (UTC).',
  },
  {
    name: 'FILE_ACCESS_MS',
    group: 'internal',
    kind: 'whole',
    default: 60_000,
    least: 0,
    most: 60_000,
    hosts: both,
    unit: 'ms',
    about: 'Time for which an answer of a room about a reader of its files is remembered.',
  },
  {
    name: 'DURABILITY',
    group: 'tuning',
    kind: 'choice',
    default: 'disk',
    choices: ['disk', 'process'],
    hosts: node,
    about:
      'What an acknowledged message survives: `disk`, a power failure; `process`, a crash of the server, with less latency.',
  },
  {
    name: 'MAX_OPEN_ROOMS',
    group: 'tuning',
    kind: 'whole',
    default: 256,
    least: 1,
    most: 10_000,
    hosts: node,
    unit: 'rooms',
    about: 'Room files that are open at the same time.',
  },
  {
    name: 'PING_INTERVAL_MS',
    group: 'tuning',
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
    group: 'tuning',
    kind: 'whole',
    default: 20_000,
    least: 100,
    most: 600_000,
    hosts: both,
    unit: 'ms',
    about: 'Socket.IO: time in which a client must answer a heartbeat.',
  },
  {
    name: 'KEEP_ALIVE_MS',
    group: 'tuning',
    kind: 'whole',
    default: 75_000,
    least: 1_000,
    most: 3_600_000,
    hosts: node,
    unit: 'ms',
    about:
      'Time an idle HTTP connection stays open for the next request. Must be longer than the proxy keeps its connections to the server, usually 60 s.',
  },
  {
    name: 'MAX_BATCH_DELAY_MS',
    group: 'tuning',
    kind: 'whole',
    limit: 'batchDelayMs',
    default: 50,
    least: 0,
    most: 1_000,
    hosts: both,
    unit: 'ms',
    about:
      'Longest time that events of a busy room wait so that several leave in one frame; a quiet room never waits.',
  },
  {
    name: 'MAX_UNSENT_BYTES',
    group: 'tuning',
    kind: 'whole',
    limit: 'unsentBytes',
    default: 1024 * 1024,
    least: 64 * 1024,
    most: 64 * 1024 * 1024,
    hosts: both,
    unit: 'bytes',
    about: 'Unsent bytes of one connection above which it is closed (4001) and has to resume.',
  },
  {
    name: 'LOG_LEVEL',
    group: 'tuning',
    kind: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    hosts: both,
    about: 'Lowest level that is written to the log.',
  },
  {
    name: 'MAX_FRAME_TUPLES',
    group: 'internal',
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
    group: 'internal',
    kind: 'whole',
    limit: 'jsonDepth',
    default: 16,
    least: 4,
    most: 128,
    hosts: both,
    unit: 'levels',
    about: 'Nesting of JSON from a client.',
  },
  {
    name: 'MAX_SOCKET_EVENTS',
    group: 'internal',
    kind: 'whole',
    default: 200_000,
    least: 100,
    most: 10_000_000,
    hosts: edge,
    unit: 'events',
    about: 'Events of one Socket.IO socket before it is closed to reconnect.',
  },
  {
    name: 'MAX_SOCKET_JOINS',
    group: 'internal',
    kind: 'whole',
    default: 5_000,
    least: 10,
    most: 1_000_000,
    hosts: edge,
    unit: 'joins',
    about: 'Joins of one Socket.IO socket before it is closed to reconnect.',
  },
] as const satisfies readonly Declaration[];
