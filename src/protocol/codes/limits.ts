/**
 * The limits of a room and its transports. Each is a setting; names, defaults and ranges are in
 * `src/settings/`.
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
  /** The text of a message that streams, in bytes of UTF-8. */
  streamBytes: number;
  /** Refill of a user's allowance in a room, in commands a second. */
  commandsPerSecond: number;
  /** The most commands a user can have saved up. */
  commandBurst: number;
  /** Connections of one user to one room. */
  connectionsPerUser: number;
  /** Rooms of one Socket.IO socket. */
  roomsPerSocket: number;
  /** The most unsent bytes of one connection. */
  unsentBytes: number;
  /** How long the output of a busy room may wait to be sent together, in milliseconds. */
  batchDelayMs: number;
  /** One file, in bytes. */
  fileBytes: number;
  /** All files of a room, in bytes. */
  roomFileBytes: number;
  /** What one user may upload into one room in a day (UTC), in bytes. */
  userFileBytes: number;
  /**
   * Whether users may enter only rooms that their token names; the others look as if they
   * did not exist.
   */
  tokenRoomsOnly: boolean;
  /** Whether events that neither the protocol nor the application declares are passed on as signals. */
  openSignals: boolean;
  /** How long a socket may stay without an identity, in milliseconds. */
  connectTimeoutMs: number;
}

/** Limits that are part of the protocol, so they are not settings. */
export const fixed = {
  /** Messages in a history page. */
  historyPage: 100,
  historyDefault: 50,
  /** Messages in a page of missed ones. */
  missedPage: 500,
  /** Changes in one request of the outgoing webhook. */
  hookPage: 100,
  /** A page ends before it exceeds this much JSON, but never below one item. */
  pageBytes: 256 * 1024,
  /** Users named in a join reply. */
  onlineListed: 100,
  membersPage: 100,
  membersDefault: 50,
  /** Above this many users online, joins and leaves are sent as a number only. */
  presenceUsers: 200,
  /** How long a dropped user still counts as online, in milliseconds. */
  graceMs: 5_000,
  /** Above this many users online typing is not broadcast. */
  typingUsers: 100,
  /** A message's `meta`, in bytes of JSON. */
  metaBytes: 4_096,
  /** The data of a message of a kind, and one user's value about a message, in bytes of JSON. */
  dataBytes: 16 * 1024,
  perUserBytes: 1_024,
  /** Appends to one message: a second, and in a burst. */
  appendsPerSecond: 20,
  appendBurst: 40,
  /** Messages of one user that stream at a time in a room. */
  streamsPerUser: 4,
  /** A stream whose sender is silent for this long is interrupted, in milliseconds. */
  streamSilenceMs: 60_000,
  /** Streams that one step of upkeep interrupts. */
  stepStreams: 50,
  /** The payload of a signal, in bytes of JSON. */
  signalBytes: 4_096,
  /** Above this many users online signals are dropped. */
  signalUsers: 100,
  /** Signals that are passed on a second, from one user and in one room; as many may come in a burst. */
  signalsPerSecond: { user: 20, room: 200 },
  /** Signals above these rates that wait: of one user, and in one room, whose users share that. */
  waitingSignals: { user: 256, room: 4_096 },
  /** How often waiting signals are sent, in milliseconds. */
  signalsEveryMs: 50,
  /** Commands of a connection that wait while an earlier one awaits the backend's verdict. */
  waitingCommands: 64,
  /**
   * Questions to the backend that are open at once, in all and about one user: in a Node process, or in
   * one room at the edge.
   */
  openQuestions: { all: 100, user: 10 },
  /** The sentence with which the backend refuses a text, in code points. */
  refusalCharacters: 300,
  /** Users a message may mention. */
  mentions: 50,
  /** Files of one message. */
  messageFiles: 10,
  /** A file's name, in bytes of UTF-8. */
  fileNameBytes: 255,
  /** A file counts at least this many bytes in a quota: its row takes space too. */
  fileLeastBytes: 1_024,
  /** How long a file waits for a message that names it, in milliseconds. */
  pendingFileMs: 86_400_000,
  /** Files before and after a requested one that the same answer includes. */
  filesAround: 250,
  /** Members named in such an answer; in a room with more, the room is asked about each reader. */
  readersListed: 1_000,
  /** How long after an upload the store is searched for bytes that belong to no file, in milliseconds. */
  sweepFilesMs: 2 * 86_400_000,
  /** Incoming webhooks of a room. */
  incomingHooks: 50,
  /** Messages of one incoming webhook: a second, and in a burst. */
  incomingPerSecond: 1,
  incomingBurst: 20,
  /** Pinned messages of a room. */
  pins: 50,
  /** Kinds of reactions to one message, and the size of each in bytes. */
  reactionKinds: 20,
  reactionBytes: 64,
  reactionsPage: 100,
  /** `replyCount` counts no further. */
  repliesCounted: 1_000,
  /** `unread` and `unreadMentions` count no further; the number then means "or more". */
  unreadCounted: 100,
  /** How many of the newest messages are searched for them. */
  unreadLookedAt: 10_000,
  /** Above this many users online read positions go only to a reader's own connections. */
  receiptsUsers: 50,
  searchPage: 50,
  searchDefault: 20,
  /** Different words and phrases of a query. */
  searchTerms: 32,
  /** Least characters of a prefix that finds words. */
  searchBeginning: 3,
  /** Most words with a prefix that a query lists one by one; finding these takes half a millisecond. */
  searchWords: 16,
  /**
   * Newest messages that are read one by one for a prefix with more words, and their text in
   * UTF-16 units.
   */
  searchRead: 512,
  searchReadText: 64 * 1024,
  /** After this many changes of a room its new messages are indexed for search, together. */
  unindexedRevs: 128,
  topicCharacters: 256,
  noteCharacters: 512,
  auditPage: 100,
  /**
   * In seconds: the longest mute or kick, the longest slow mode, and how long a kick and a mute
   * last by default.
   */
  sanctionSeconds: 10 * 365 * 86_400,
  slowModeSeconds: 86_400,
  kickSeconds: 60,
  muteSeconds: 600,
  retentionDays: 3_650,
  /** Rows that one step of pruning, erasing or indexing takes. */
  stepRows: 500,
  /** Text that one step of indexing takes, in UTF-16 units; one message at least. */
  stepText: 512 * 1024,
  /** Least time between two prunings of a room, in milliseconds. */
  pruneEveryMs: 86_400_000,
  /** Pages of the search index that one step of rewriting it takes. */
  stepIndexPages: 200,
  /** A page of an export ends when it exceeds this many bytes. */
  exportPageBytes: 512 * 1024,
  /** Bytes of a file in one line of an export: as base64 they are shorter than `importLineBytes`. */
  exportFileBytes: 1024 * 1024,
  /** Users named in one line of an export. */
  exportedReactions: 500,
  /** One part of an import, in bytes: well below what a Worker accepts. */
  importPartBytes: 50_000_000,
  /** One line of an import, in bytes: the longest message there can be, every character escaped. */
  importLineBytes: 2 * 1024 * 1024,
  /** Malformed frames that a connection may send within a minute. */
  badFramesPerMinute: 10,
  /** Invalid tokens that a connection may offer within a minute. */
  badTokensPerMinute: 5,
  /**
   * A native socket that has sent `ping` and then nothing for this long counts as lost, in
   * milliseconds.
   */
  heartbeatLostMs: 60_000,
  /**
   * How often a connection that lost an ephemeral event is tried again, in milliseconds, and
   * how many times.
   */
  laggardEveryMs: 1_000,
  laggardTries: 60,
  /** Tolerated difference between clocks when a token ends, in milliseconds. */
  clockToleranceMs: 5_000,
  /** A token, in bytes. */
  tokenBytes: 4_096,
} as const;
