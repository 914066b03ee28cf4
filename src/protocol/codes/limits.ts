/**
 * What bounds a room and its transports. Every one is a setting; defaults, ranges and the names of the
 * settings stand in `src/settings/settings.ts`.
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
  /** What may wait unsent for one connection, in bytes. */
  unsentBytes: number;
  /** How long what is due in a busy room may wait to leave together, in milliseconds. */
  batchDelayMs: number;
  /** One file, in bytes. */
  fileBytes: number;
  /** All files of a room, in bytes. */
  roomFileBytes: number;
  /** What one user may upload into one room in a day (UTC), in bytes. */
  userFileBytes: number;
  /** Whether only rooms that a token names exist for its holder. */
  tokenRoomsOnly: boolean;
  /** Whether events that are no commands are passed on. */
  openSignals: boolean;
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
  /** Changes in one request of the outgoing webhook. */
  hookPage: 100,
  /** A page ends before it exceeds this much JSON, but never below one item. */
  pageBytes: 256 * 1024,
  /** Users named in a join reply. */
  onlineListed: 100,
  membersPage: 100,
  membersDefault: 50,
  /** Above this many users online, joins and leaves become a number. */
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
  /** Appends to one message: a second, and saved up. */
  appendsPerSecond: 20,
  appendBurst: 40,
  /** Messages of one user that stream at a time in a room. */
  streamsPerUser: 4,
  /** A stream whose sender is silent for so long is interrupted, in milliseconds. */
  streamSilenceMs: 60_000,
  /** Streams that one step of upkeep interrupts. */
  stepStreams: 50,
  /** The payload of a signal, in bytes of JSON. */
  signalBytes: 4_096,
  /** Above this many users online signals are dropped. */
  signalUsers: 100,
  /** Signals that are passed on, with a second of them saved up. */
  signalsPerSecond: { user: 20, room: 200 },
  /** How often those that wait are looked at, in milliseconds. */
  signalsEveryMs: 50,
  /** Commands of a connection that wait while an earlier one is being decided about. */
  waitingCommands: 64,
  /** Questions to the backend that are open at once in a process, or of a room at the edge. */
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
  /** Files on each side of one that is asked for, which the same answer is about. */
  filesAround: 250,
  /** Members named in such an answer; in a room with more, each reader is asked about. */
  readersListed: 1_000,
  /** How long after an upload the store is looked through for bytes without a file, in milliseconds. */
  sweepFilesMs: 2 * 86_400_000,
  /** Incoming webhooks of a room. */
  incomingHooks: 50,
  /** Messages of one incoming webhook: a second, and saved up. */
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
  /** Newest messages looked at for them. */
  unreadLookedAt: 10_000,
  /** Above this many users online read positions go only to a reader's own connections. */
  receiptsUsers: 50,
  searchPage: 50,
  searchDefault: 20,
  /** Different words and phrases of a query. */
  searchTerms: 32,
  /** Least characters of a word's beginning that find the word. */
  searchBeginning: 3,
  /** Words that a beginning stands for and a search names one by one, in half a millisecond. */
  searchWords: 16,
  /** Newest messages that are read for a beginning of more words, and their text in characters. */
  searchRead: 512,
  searchReadText: 64 * 1024,
  /** After this many changes of a room its new messages are indexed for search, together. */
  unindexedRevs: 128,
  topicCharacters: 256,
  noteCharacters: 512,
  auditPage: 100,
  /** The longest mute, kick or slow mode, in seconds. */
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
  /** A page of an export is done when it exceeds this much text. */
  exportPageBytes: 512 * 1024,
  /** Bytes of a file in one line of an export: as base64 they are shorter than `importLineBytes`. */
  exportFileBytes: 1024 * 1024,
  /** Users named in one line of an export. */
  exportedReactions: 500,
  /** One part of an import, in bytes: what a Worker takes with room to spare. */
  importPartBytes: 50_000_000,
  /** One line of an import, in bytes: the longest message there can be, every character escaped. */
  importLineBytes: 2 * 1024 * 1024,
  /** Frames that are no tuples a connection may send within a minute. */
  badFramesPerMinute: 10,
  /** Tokens that do not hold a connection may offer within a minute. */
  badTokensPerMinute: 5,
  /** A native socket that has sent `ping` and then nothing for so long is lost, in milliseconds. */
  heartbeatLostMs: 60_000,
  /** How often a connection that lost something ephemeral is looked at again, and how many times. */
  laggardEveryMs: 1_000,
  laggardTries: 60,
  /** Tolerated difference between clocks when a token ends, in milliseconds. */
  clockToleranceMs: 5_000,
  /** A token, in bytes. */
  tokenBytes: 4_096,
} as const;
