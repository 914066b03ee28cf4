import { operations } from '../protocol/commands.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import { fixed, type Limits } from '../protocol/codes/limits.ts';
import type { Rate } from '../protocol/token-bucket.ts';

/** Where a policy applies. */
type HostName = 'node' | 'edge';

/**
 * Everything that is refused, delayed or closed because it is too much. The numbers come first; the
 * policies, from which "node scripts/run.mjs scripts/write-settings.ts" makes the table in
 * `docs/operating.md`, say what each is for. Limits that are settings or part of the protocol are
 * defined in `src/protocol/codes/limits.ts` and only named here.
 */

/**
 * A user may do this many times as much in all rooms together as in one, because they may
 * be in several.
 */
const ALL_ROOMS_FACTOR = 2;

/**
 * The edge host closes a socket that is further ahead of {@link inboundRate} than this, in
 * milliseconds.
 */
export const MAX_AHEAD_MS = 10_000;

/** How long the edge host bans a user who sent that much, in milliseconds. */
export const BAN_MS = 60_000;

/** How long a user may be idle before their counts are dropped, in milliseconds. */
export const IDLE_MS = 60_000;

/** Delay before a 429, in milliseconds, doubled at random. */
export const REFUSAL_DELAY_MS = 250;

/** How long a client waits before it asks an overloaded room again, in milliseconds. */
export const OVERLOADED_RETRY_MS = 5_000;

/** The longest a request to a room may be delayed to spread the load, in milliseconds. */
export const MAX_SPREAD_MS = 5_000;

/** From this many pending handshakes on, an isolate gives new ones less time, and delays them. */
export const CROWDED_HANDSHAKES = 250;

/** How long a new connection then has to authenticate, in milliseconds. */
export const CROWDED_TIMEOUT_MS = 2_000;

/** The least and the longest time for which the Node host does not read a socket, in milliseconds. */
export const MIN_PAUSE_MS = 50;
export const MAX_PAUSE_MS = 5_000;

/** Requests with keys of incoming webhooks that the service has not signed, at one process or isolate. */
export const FOREIGN_KEY_RATE: Rate = { perSecond: 1, burst: 20 };

/** The limits of a user in all rooms together, at one process or isolate. */
export function limitsInAllRooms(limits: Limits): Limits {
  const { commandsPerSecond, commandBurst } = limits;
  return {
    ...limits,
    commandsPerSecond: commandsPerSecond * ALL_ROOMS_FACTOR,
    commandBurst: commandBurst * ALL_ROOMS_FACTOR,
  };
}

/**
 * Commands that are read from one socket or one user; a bucket with this rate shows how far
 * ahead they are.
 */
export function inboundRate(limits: Limits): Rate {
  const { commandsPerSecond, commandBurst } = limitsInAllRooms(limits);
  return { perSecond: commandsPerSecond, burst: commandBurst, maxWaitMs: Infinity };
}

/**
 * Requests of a user to rooms at the edge: 5 at once, then one every 10 ms, or faster where the
 * settings allow more commands.
 */
export function spreadRate(limits: Limits): Rate {
  const perSecond = Math.max(100, limitsInAllRooms(limits).commandsPerSecond);
  return { perSecond, burst: 5, maxWaitMs: MAX_SPREAD_MS };
}

/** The cost of a room that must be created or woken, in tokens of {@link spreadRate}: those of 20 ms. */
export function newRoomCost(limits: Limits): number {
  return Math.max(1, 0.02 * spreadRate(limits).perSecond);
}

/**
 * New rooms of a user: at once as many as two full sockets rejoin, then one for each join that the
 * command rate pays for.
 */
export function newRoomRate(limits: Limits): Rate {
  const { commandsPerSecond } = limitsInAllRooms(limits);
  return {
    perSecond: commandsPerSecond / operations.joinRoom.cost,
    burst: limits.roomsPerSocket * 2,
  };
}

/** One row of the table in `docs/operating.md`. */
export interface Policy {
  /** The id in the titles of its tests. */
  id: `ADM${number}`;
  /** What is counted, for a user, a socket, a room or a process. */
  subject: string;
  /** The numbers, with the default settings. */
  bound: string;
  /** What happens beyond them. */
  beyond: string;
  /** The attack or mistake that it limits, and what it protects. */
  protects: string;
  /** The settings that change the numbers. */
  settings: readonly string[];
  hosts: readonly HostName[];
}

const both = ['node', 'edge'] as const;
const node = ['node'] as const;
const edge = ['edge'] as const;

/** @param maxHandshakes the setting `MAX_UNAUTHENTICATED_SOCKETS` */
export function policies(limits: Limits, maxHandshakes: number): readonly Policy[] {
  return [
    ...commandPolicies(limits),
    ...roomPolicies(limits),
    ...handshakePolicies(limits, maxHandshakes),
    ...otherPolicies(),
    ...streamPolicies(),
    ...webhookPolicies(),
  ];
}

/** How much a user may send. */
function commandPolicies(limits: Limits): readonly Policy[] {
  const all = limitsInAllRooms(limits);
  return [
    {
      id: 'ADM1',
      subject: 'commands of a user in a room, over all devices',
      bound: `${limits.commandsPerSecond} a second, ${limits.commandBurst} saved up; joins cost ${operations.joinRoom.cost}, pages and searches ${operations.getHistory.cost}`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'the others in a room from a user who floods it',
      settings: ['COMMANDS_PER_SECOND', 'COMMAND_BURST'],
      hosts: both,
    },
    {
      id: 'ADM2',
      subject: 'HTTP requests of a user to all rooms; admins and guests excepted',
      bound: `${all.commandsPerSecond} a second, ${all.commandBurst} saved up`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'the process from a user who goes through many rooms',
      settings: ['COMMANDS_PER_SECOND', 'COMMAND_BURST'],
      hosts: both,
    },
    {
      id: 'ADM3',
      subject: 'commands that are read from one socket, refused or not',
      bound: `${all.commandsPerSecond} a second, ${all.commandBurst} saved up`,
      beyond: `node: the socket is not read for ${MIN_PAUSE_MS} ms to ${seconds(MAX_PAUSE_MS)}; edge: ${seconds(MAX_AHEAD_MS)} ahead of it, the socket is closed (${closeCodes.protocolViolation})`,
      protects: 'processor time from a client that sends without end: refusing takes time too',
      settings: ['COMMANDS_PER_SECOND', 'COMMAND_BURST'],
      hosts: both,
    },
  ];
}

/** How many rooms a user may reach, and how long a user who floods is banned. */
function roomPolicies(limits: Limits): readonly Policy[] {
  const newRooms = newRoomRate(limits);
  const spread = spreadRate(limits);
  return [
    {
      id: 'ADM4',
      subject:
        'new rooms of a user, at all transports; admins excepted; a guest may be a new user each time',
      bound: `${newRooms.burst} at once, then ${newRooms.perSecond} a second; the last ${newRooms.burst} rooms are not new`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'the account from a user who makes or wakes objects without end',
      settings: ['COMMANDS_PER_SECOND', 'MAX_ROOMS_PER_SOCKET'],
      hosts: edge,
    },
    {
      id: 'ADM5',
      subject:
        'requests and joins of a user to all rooms; admins excepted; a guest may be a new user each time',
      bound: `${spread.burst} at once, then ${spread.perSecond} a second; a new room counts ${newRoomCost(limits)}`,
      beyond: `delayed, by ${seconds(MAX_SPREAD_MS)} at the most; then \`rate_limited\` with \`retryAfterMs\``,
      protects: "other users' requests from a burst of one user",
      settings: ['COMMANDS_PER_SECOND'],
      hosts: edge,
    },
    {
      id: 'ADM6',
      subject: `a user whose sockets to a room were ${seconds(MAX_AHEAD_MS)} ahead of ADM3 together, or one of whose Socket.IO sockets was`,
      bound: `${seconds(BAN_MS)} from the last such frame`,
      beyond: 'kept out of that room, or of Socket.IO: `rate_limited` with `retryAfterMs`',
      protects: 'a room from a flood that goes on over new sockets: an object cannot stop reading',
      settings: ['COMMANDS_PER_SECOND', 'COMMAND_BURST'],
      hosts: edge,
    },
  ];
}

/** Connections that have not authenticated. */
function handshakePolicies(limits: Limits, maxHandshakes: number): readonly Policy[] {
  return [
    {
      id: 'ADM7',
      subject: 'unauthenticated connections and sessions of the process',
      bound: `${maxHandshakes}`,
      beyond: 'the oldest is dropped',
      protects:
        'memory from sockets that are opened and say nothing; a client that authenticates at once gets in',
      settings: ['MAX_UNAUTHENTICATED_SOCKETS'],
      hosts: node,
    },
    {
      id: 'ADM8',
      subject: 'unauthenticated Socket.IO sessions of an isolate, by WebSocket and by polling',
      bound: `${CROWDED_HANDSHAKES}`,
      beyond: `a new one waits as in ADM10; over a WebSocket it has ${seconds(CROWDED_TIMEOUT_MS)} to authenticate`,
      protects: 'memory from sessions that are opened and say nothing',
      settings: [],
      hosts: edge,
    },
    {
      id: 'ADM9',
      subject: 'time until a connection authenticates',
      bound: seconds(limits.connectTimeoutMs),
      beyond: 'it is closed; 408 in the middle of a request',
      protects: 'memory from sockets that are opened and say nothing',
      settings: ['CONNECT_TIMEOUT_MS'],
      hosts: both,
    },
  ];
}

/** Clients that retry, and clients that send invalid frames or tokens. */
function otherPolicies(): readonly Policy[] {
  return [
    {
      id: 'ADM10',
      subject: 'answers with status 429, and refused sockets of that reason',
      bound: `${REFUSAL_DELAY_MS} to ${REFUSAL_DELAY_MS * 2} ms, at random`,
      beyond: 'sent after that delay',
      protects: 'processor time from a retry loop, and from retries that come back together',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM11',
      subject: 'malformed frames of a connection',
      bound: `${fixed.badFramesPerMinute} a minute`,
      beyond: `closed (${closeCodes.protocolViolation})`,
      protects: 'processor time from a client that sends garbage',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM12',
      subject: 'invalid tokens that a connection offers in `refreshToken`',
      bound: `fewer than ${fixed.badTokensPerMinute} a minute`,
      beyond: `closed (${closeCodes.unauthorized})`,
      protects: 'processor time from a client that tries tokens: checking a signature is expensive',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM13',
      subject: 'requests to a room whose object is overloaded',
      bound: seconds(OVERLOADED_RETRY_MS),
      beyond: '`unavailable` with that `retryAfterMs`, without another attempt',
      protects: 'an overloaded object from retries',
      settings: [],
      hosts: edge,
    },
  ];
}

/** Messages that stream, and signals. */
function streamPolicies(): readonly Policy[] {
  return [
    {
      id: 'ADM14',
      subject: 'appends to a message that streams',
      bound: `${fixed.appendsPerSecond} a second, ${fixed.appendBurst} saved up`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'the others in a room, and its storage, from a program that appends every letter',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM15',
      subject: 'messages of a user that stream at a time in a room',
      bound: `${fixed.streamsPerUser}; each ends after ${seconds(fixed.streamSilenceMs)} of silence`,
      beyond: '`rate_limited`',
      protects: 'the room from streams that are begun and never ended',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM16',
      subject: 'signals that a room passes on, of each user and altogether',
      bound: `${fixed.signalsPerSecond.user} a second of a user, ${fixed.signalsPerSecond.room} of all; above ${fixed.signalUsers} users online only those declared with \`crowd: true\``,
      beyond: `the newest of each user and name waits, replacing an earlier one, up to ${fixed.waitingSignals.user} of a user, fewer where many users wait, and ${fixed.waitingSignals.room} of all; those of a user who leaves, is kicked, banned or muted, or becomes a viewer, are dropped`,
      protects: 'the others in a room from events that nothing else bounds',
      settings: ['SIGNALS'],
      hosts: both,
    },
  ];
}

/** Webhooks in both directions, and questions to the backend. */
function webhookPolicies(): readonly Policy[] {
  return [
    {
      id: 'ADM17',
      subject: 'messages of an incoming webhook',
      bound: `${fixed.incomingPerSecond} a second, ${fixed.incomingBurst} saved up`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'the others in a room from an alert that goes on and on',
      settings: [],
      hosts: both,
    },
    {
      id: 'ADM18',
      subject: 'requests to incoming webhooks with keys that are made up, of a process or isolate',
      bound: `${FOREIGN_KEY_RATE.perSecond} a second, ${FOREIGN_KEY_RATE.burst} saved up`,
      beyond: '`rate_limited` with `retryAfterMs`, without asking the room',
      protects: 'rooms from being woken or looked for by anybody: such a request has no token',
      settings: ['JWT_SECRET', 'FILES_SECRET'],
      hosts: both,
    },
    {
      id: 'ADM19',
      subject:
        'questions to `BEFORE_MESSAGE_URL` that are open at once, of a process or, at the edge, of a room',
      bound: `${fixed.openQuestions.all}, ${fixed.openQuestions.user} of them about one user`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects:
        'your backend from a flood, and the others from a user who sends much while it is slow',
      settings: ['BEFORE_MESSAGE_URL'],
      hosts: both,
    },
    {
      id: 'ADM20',
      subject: 'commands of a connection that wait for the answer to such a question',
      bound: `${fixed.waitingCommands}`,
      beyond: '`rate_limited` with `retryAfterMs`',
      protects: 'memory from a client that goes on sending',
      settings: ['BEFORE_MESSAGE_URL'],
      hosts: both,
    },
  ];
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
