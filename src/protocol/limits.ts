/**
 * What bounds a room and its doors. Every one is a setting; defaults, ranges and the names of the
 * settings stand in `src/settings.ts`.
 */
export interface Limits {
  /** One frame, packet or HTTP body from a client, in bytes of UTF-8. */
  frameBytes: number;
  /** Commands in one frame. */
  tuplesPerFrame: number;
  /** Nesting of JSON, counting the tuple itself as 1. */
  jsonDepth: number;
  /** A message's text, in bytes of UTF-8. */
  messageBytes: number;
  /** Refill of a user's allowance in a room, in commands a second. */
  commandsPerSecond: number;
  /** The most commands a user can have saved up. */
  commandBurst: number;
  /** Connections of one user to one room. */
  connectionsPerUser: number;
  /** Rooms of one Socket.IO socket. */
  roomsPerSocket: number;
  /** What may wait unsent for one connection, in bytes. */
  unsentBytes: number;
  /** How long a socket may stay without an identity, in milliseconds. */
  connectTimeoutMs: number;
}

/** Bounds that are part of the protocol and thus no settings. */
export const fixed = {
  /** Messages in a history page. */
  historyPage: 100,
  historyDefault: 50,
  /** Messages in a page of what was missed. */
  missedPage: 500,
  /** A page ends before it exceeds this much JSON, but never below one item. */
  pageBytes: 256 * 1024,
  /** Users named in a join reply. */
  onlineListed: 100,
  membersPage: 100,
  membersDefault: 50,
  /** Above this many users online, joins and leaves become a number. */
  presenceUsers: 200,
  /** Least time between two `presence` events, in milliseconds. */
  presenceEveryMs: 1_000,
  /** How long a dropped user still counts as online, in milliseconds. */
  graceMs: 5_000,
  /** Least time between two `typing` events of one user, in milliseconds. */
  typingEveryMs: 3_000,
  /** How long a typing notice stands in clients, in milliseconds. */
  typingLapsesMs: 6_000,
  /** Above this many users online nobody hears of typing. */
  typingUsers: 100,
  /** Frames that are no tuples a connection may send within a minute. */
  badFramesPerMinute: 10,
  /** A native socket that has sent `ping` and then nothing for so long is lost, in milliseconds. */
  heartbeatLostMs: 60_000,
  /** Tolerated difference between clocks when a token ends, in milliseconds. */
  clockToleranceMs: 5_000,
  /** A token, in bytes. */
  tokenBytes: 4_096,
  /** What a command takes from its sender's allowance; 1 unless named. */
  costs: { joinRoom: 10, getHistory: 5, getMissed: 5, searchMessages: 5 } as Partial<
    Record<string, number>
  >,
} as const;
