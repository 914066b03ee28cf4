import type { Guest } from './dialer.ts';
import { ownUrl, platform, type WebSocketClass } from './environment.ts';
import type { Inbox } from './inbox.ts';
import { keep, type Store } from './outbox.ts';
import type { Positions } from './positions.ts';
import { Room } from './room.ts';
import { defaultTiming, type Timing } from './timing.ts';
import { Tokens, type TokenSource } from './tokens.ts';

export interface ConnectOptions {
  /**
   * The address of the service; in a page, that of the page unless given.
   * @example connect({ url: 'https://chat.example.org', token });
   */
  url?: string | URL;
  /**
   * The user's token. A function is called again when a token is about to expire or was not accepted;
   * if it rejects, it is called again later. Without a token the user is a guest, where guests are
   * allowed.
   * @example connect({ token: async () => (await fetch('/my-token')).text() });
   */
  token?: TokenSource;
  /**
   * The display name if the token has none; shown as unverified.
   * @example connect({ username: 'Anna' });
   */
  username?: string;
  /**
   * Newest messages to load on joining, 0 to 100; 50 unless given.
   * @example connect({ token, history: 20 });
   */
  history?: number;
  /**
   * A storage in which unsent messages survive a reload: one for each window.
   * @example connect({ token, storage: sessionStorage });
   */
  storage?: Store;
  /**
   * For a bot: how far it has handled each room, over restarts. It then gets every message that it has
   * missed, at least once. A position is stored when everything up to it is handled: listeners have
   * returned, the promises that they returned have resolved, and loops have asked for the next item.
   * @example
   * const positions = { get: (id: string) => read(id), set: (id: string, at: string) => write(id, at) };
   * connect({ url, token, positions });
   */
  positions?: Positions;
  /**
   * The prefix of every key in the storage; `parlor` unless given.
   * @example connect({ token, storage: sessionStorage, storageKey: 'support-chat' });
   */
  storageKey?: string;
  /**
   * For a Node before 22: a class like the standard's, such as that of the package `ws`.
   * @example connect({ url, token, WebSocket: NodeWebSocket });
   */
  WebSocket?: WebSocketClass;
  /**
   * The client's intervals and time-outs, in milliseconds; see `defaultTiming`.
   * @example connect({ token, timing: { retryLongestMs: 10_000 } });
   */
  timing?: Partial<Timing>;
}

/** A connection to the service: one user, any number of rooms. */
export interface Client<A extends object = object> {
  /**
   * The room with this id; joined at the first call, and the same object at every later one.
   * @param options.history newest messages to load on joining this room, instead of the client's
   * @param options.join false: do not join it yet; `room.join()` does
   * @param options.quiet for an audience: it receives messages and the number of users online, but no
   * names, typing or read positions of others, and no signals
   * @example const room = client.room('general', { history: 20 });
   * @example const stage = client.room('keynote', { quiet: true });
   */
  room(roomId: string, options?: { history?: number; join?: boolean; quiet?: boolean }): Room<A>;
  /**
   * The user's conversations, in one place; its code is loaded and the inbox opened at the first call.
   * Guests have none: its status ends with `forbidden`.
   * @example const inbox = await client.inbox();
   */
  inbox(): Promise<Inbox>;
  /**
   * Leaves every room, and the inbox.
   * @example client.close();
   */
  close(): void;
}

/**
 * Makes a client of a service. Nothing is sent until the first room or the inbox is opened. `A`: the
 * application, `typeof app` of `src/app.ts`, or the payloads of your own events by name.
 * @example const client = connect({ url, token });
 */
export function connect<A extends object = object>(options: ConnectOptions): Client<A> {
  const { username = '', storage, storageKey = 'parlor' } = options;
  const environment = platform(options.WebSocket);
  const base = options.url ?? ownUrl();
  const timing = { ...defaultTiming, ...options.timing };
  const tokens = new Tokens(options.token);
  // Kept in the storage, so that a guest stays the same guest after a reload.
  const guest: Guest = { token: storage?.getItem(storageKey) };
  const shared = { timing, tokens, guest };
  const rooms = new Map<string, Room<A>>();
  /**
   * Rooms that were joined by `room()`: one that has been left since is not joined again by
   * another call.
   */
  const joined = new WeakSet<Room<A>>();
  let inbox: Promise<Inbox> | undefined;

  return {
    room(roomId, { history = options.history ?? 50, join = true, quiet = false } = {}) {
      let room = rooms.get(roomId);
      if (room === undefined) {
        room = new Room<A>(
          {
            ...options,
            ...shared,
            roomId,
            // The server treats an empty value as absent.
            url: roomUrl(base, roomId, { history: `${history}`, username, quiet: `${quiet}` }),
            history,
            quiet,
            storageKey: `${storageKey}.${roomId}`,
            onGuestToken(given) {
              guest.token = given;
              keep(storage, storageKey, given);
            },
          },
          environment,
        );
        rooms.set(roomId, room);
      }
      if (join && !joined.has(room)) {
        joined.add(room);
        room.join();
      }
      return room;
    },
    inbox() {
      inbox ??= import('./inbox.ts').then(
        ({ Inbox }) => new Inbox({ ...shared, url: socketUrl(base, 'inbox/ws') }, environment),
      );
      // If loading failed, the next call tries again.
      inbox.catch(() => (inbox = undefined));
      return inbox;
    },
    close() {
      for (const room of rooms.values()) room.leave();
      rooms.clear();
      void inbox?.then((opened) => opened.close());
      inbox = undefined;
    },
  };
}

/**
 * The address of a room's socket. A path prefix in front of the service's own paths is kept.
 * @throws TypeError for an id that cannot be part of an address
 */
function roomUrl(base: string | URL, roomId: string, query: Record<string, string>): URL {
  // A URL treats these as steps between folders, encoded or not.
  if (/^\.{0,2}$/.test(roomId)) throw new TypeError('Name the room otherwise.');
  return socketUrl(base, `rooms/${encodeURIComponent(roomId)}/ws?${new URLSearchParams(query)}`);
}

function socketUrl(base: string | URL, path: string): URL {
  const url = new URL(path, base);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
}
