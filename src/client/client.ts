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
   * Where the service is; a page's own when left out.
   * @example connect({ url: 'https://chat.example.org', token });
   */
  url?: string | URL;
  /**
   * The user's token. A function is asked again when a token is about to end or was not accepted;
   * where it rejects, it is asked again later. Without, this is a guest, where guests are let in.
   * @example connect({ token: async () => (await fetch('/my-token')).text() });
   */
  token?: TokenSource;
  /**
   * What to be called where the token has no name; shows as unverified.
   * @example connect({ username: 'Anna' });
   */
  username?: string;
  /**
   * Newest messages to load on joining, 0 to 100; 50 unless given.
   * @example connect({ token, history: 20 });
   */
  history?: number;
  /**
   * Where what is unsent survives a reload: one for each window.
   * @example connect({ token, storage: sessionStorage });
   */
  storage?: Store;
  /**
   * For a bot: how far it has handled each room, over restarts. It then gets every message that it has
   * missed, at least once. A position is stored when everything up to it is handled: listeners have
   * returned, or what they returned has resolved, and loops have come back for more.
   * @example
   * const positions = { get: (id: string) => read(id), set: (id: string, at: string) => write(id, at) };
   * connect({ url, token, positions });
   */
  positions?: Positions;
  /**
   * Begins every key in the storage; `parlor` unless given.
   * @example connect({ token, storage: sessionStorage, storageKey: 'support-chat' });
   */
  storageKey?: string;
  /**
   * For a Node before 22: a class like the standard's, such as that of the package `ws`.
   * @example connect({ url, token, WebSocket: NodeWebSocket });
   */
  WebSocket?: WebSocketClass;
  /**
   * When to do what, in milliseconds; see `defaultTiming`.
   * @example connect({ token, timing: { retryLongestMs: 10_000 } });
   */
  timing?: Partial<Timing>;
}

/** A connection to the service: one user, any number of rooms. */
export interface Client<A extends object = object> {
  /**
   * The room of this id, joined when it is first asked for; the same one from then on.
   * @param options.history newest messages to load on joining this room, instead of the client's
   * @param options.join false: not joined yet; `room.join()` does it
   * @param options.quiet for an audience: messages come, and the number of users online, but no names,
   * typing or read positions of others, and no signals
   * @example const room = client.room('general', { history: 20 });
   * @example const stage = client.room('keynote', { quiet: true });
   */
  room(roomId: string, options?: { history?: number; join?: boolean; quiet?: boolean }): Room<A>;
  /**
   * The user's conversations, in one place; opened when it is first asked for, and loaded then. Guests
   * have none: its status ends with `forbidden`.
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
 * Makes a client of a service. Nothing is sent until the first room is asked for.
 * `A`: the application, `typeof app` of `src/app.ts`, or payloads of your own events by name.
 * @example const client = connect({ url, token });
 */
export function connect<A extends object = object>(options: ConnectOptions): Client<A> {
  const { username = '', storage, storageKey = 'parlor' } = options;
  const environment = platform(options.WebSocket);
  const base = options.url ?? ownUrl();
  const timing = { ...defaultTiming, ...options.timing };
  const tokens = new Tokens(options.token);
  // In the storage, the same guest also after a reload.
  const guest: Guest = { token: storage?.getItem(storageKey) };
  const shared = { timing, tokens, guest };
  const rooms = new Map<string, Room<A>>();
  /** Asked for to be joined: one that was left since is not joined again by asking for it. */
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
            // An empty value counts as none.
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
      // What could not be loaded is loaded when it is asked for again.
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
 * Where a room's socket is. Whatever stands before the service's own paths stays.
 * @throws TypeError for what cannot be part of an address
 */
function roomUrl(base: string | URL, roomId: string, query: Record<string, string>): URL {
  // A URL takes these for steps between folders, encoded or not.
  if (/^\.{0,2}$/.test(roomId)) throw new TypeError('Name the room otherwise.');
  return socketUrl(base, `rooms/${encodeURIComponent(roomId)}/ws?${new URLSearchParams(query)}`);
}

function socketUrl(base: string | URL, path: string): URL {
  const url = new URL(path, base);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
}
