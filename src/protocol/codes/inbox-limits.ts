/** Limits of inboxes that are part of the protocol, so they are not settings. */
export const inboxLimits = {
  /** Conversations of a page. */
  page: 200,
  pageDefault: 50,
  /** Code points of an excerpt. */
  excerpt: 100,
  /** A draft, in bytes of UTF-8. */
  draftBytes: 8_192,
  /** Rooms that one connection may watch. */
  watched: 20,
  /** How long watching lasts unless it is repeated, in milliseconds. */
  watchMs: 120_000,
  /** Rooms that are asked for exact counts when a list is opened. */
  countedRooms: 50,
  /** How long a list waits for these counts, in milliseconds; later ones follow as events. */
  countsWithinMs: 300,
  /** Direct rooms that a user may make within a day. */
  directsPerDay: 20,
  /** Rooms that one step of a rebuild asks. */
  rebuildRooms: 20,
  /** Least delay before a change is sent, so that later ones are sent with it, in milliseconds. */
  gatherMs: 1_000,
  /**
   * How long a user who is connected to a room has to read a message before the user's inbox is sent
   * that it is unread, in milliseconds.
   */
  presentMs: 60_000,
  /** Least time between two updates of the read position of a connected user, in milliseconds. */
  readEveryMs: 3_600_000,
  /** How often that read position is compared, because the user may have left, in milliseconds. */
  readLookMs: 600_000,
  /** Users of a room whose inboxes one step updates. */
  stepUsers: 100,
  /** Least time between two calls of a room to inboxes that watch it, in milliseconds. */
  watcherEveryMs: 500,
  /**
   * The rate of such calls of a room, for its `TokenBucket`: during a minute of activity each change is
   * passed on at once, and a room that is busy all day costs at most one call every 2 s.
   */
  watcherCalls: { perSecond: 0.5, burst: 120, maxWaitMs: 2_000 },
  /** Browsers of one user that notifications are pushed to. */
  pushSubscriptions: 10,
  /** The address of a push subscription, in characters. */
  endpointLength: 2_048,
  /** Delay before a connected user gets a push for a message, in milliseconds. */
  pushWaitMs: 20_000,
  /** A push is given up when it could not be delivered for this long, in milliseconds. */
  pushKeptMs: 86_400_000,
  /**
   * Rooms that a push names because they were read elsewhere, so that the browser closes their
   * notifications.
   */
  pushRead: 20,
} as const;
