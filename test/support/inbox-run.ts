import { setTimeout as pause } from 'node:timers/promises';
import type { Conversation, InboxReply } from '../../src/client/inbox.ts';
import { NativeVisitor } from './native-visitor.ts';
import { seeded } from './seeded.ts';
import { tokenFor } from './tokens.ts';

/** The options of a run on a real host. */
export interface InboxRun {
  /** The host's URL. */
  url: string;
  seed: number;
  /** The number of groups of users, each with its own rooms, that run at the same time. */
  groups: number;
  /** The number of operations of each group, one after the other. */
  operations: number;
  /** Only operations whose updates are sent at once: no mentions, and users read everything. */
  isQuick: boolean;
  /** The number of kills of the host during the run. `restart` makes one and returns the new URL. */
  kills: number;
  restart?: () => Promise<string>;
  /** How long inboxes may take to come to rest, in milliseconds. */
  restMs: number;
}

export interface InboxReport {
  done: number;
  refused: number;
  lost: number;
  kills: number;
  conversations: number;
  /** A sentence for each inbox that differs from its rooms at rest or that a rebuild changed. */
  problems: string[];
}

const USERS = ['ann', 'bob', 'cem', 'dan'];
const ROOMS = 3;
/** A `readUpTo` above every `seq`. */
const ALL = 1_000_000;
/** The timeout of requests, in milliseconds, for those to a host that is killed. */
const PATIENCE_MS = 10_000;

/** How long updates to inboxes usually take, in milliseconds. */
const TOLD_AFTER_MS = 3_000;

/** The fields in which an inbox must agree with a room. */
interface Compared {
  topic: string | undefined;
  role: string;
  readUpTo: number;
  isUnread: boolean;
  unreadMentions: number;
}

type Compares = Record<string, Compared>;

/**
 * Groups of users use rooms and inboxes over HTTP while the host is killed and restarted. Then all come
 * to rest, and every inbox is compared with its rooms, and with itself after a rebuild.
 */
export async function runInboxes(run: InboxRun): Promise<InboxReport> {
  const host: SharedHost = {
    url: run.url,
    isUp: Promise.resolve(),
    report: { done: 0, refused: 0, lost: 0 },
  };
  const groups = Array.from(
    { length: run.groups },
    (_, at) => new Group(host, run.seed + at, run.isQuick),
  );
  const isOver = { value: false };
  const kills = killInBetween(run, host, isOver);
  await Promise.all(groups.map((group) => group.live(run.operations)));
  isOver.value = true;
  const report = { ...host.report, kills: await kills, conversations: 0 };
  // Users who are connected get updates later, and `judge` connects them.
  await pause(TOLD_AFTER_MS);
  const verdicts = await Promise.all(groups.map((group) => group.judge(run.restMs)));
  for (const { conversations } of verdicts) report.conversations += conversations;
  return { ...report, problems: verdicts.flatMap(({ problems }) => problems) };
}

async function killInBetween(
  { kills, restart }: InboxRun,
  host: SharedHost,
  isOver: { value: boolean },
): Promise<number> {
  let killed = 0;
  if (restart === undefined) return killed;
  while (killed < kills && !isOver.value) {
    const before = host.report.done;
    // Waits for 200 operations between kills, so that the machine's speed does not matter.
    while (host.report.done < before + 200 && !isOver.value) await pause(20);
    if (isOver.value) break;
    const { promise, resolve } = Promise.withResolvers<void>();
    host.isUp = promise;
    host.url = await restart();
    resolve();
    killed++;
  }
  return killed;
}

/** The host that all groups use; its URL changes with each kill. */
interface SharedHost {
  url: string;
  /** Resolves when the host listens. */
  isUp: Promise<void>;
  report: { done: number; refused: number; lost: number };
}

class Group {
  readonly #host: SharedHost;
  readonly #isQuick: boolean;
  readonly #random: () => number;
  readonly #rooms: string[];
  readonly #users: string[];
  readonly #tokens = new Map<string, Promise<string>>();
  #texts = 0;

  constructor(host: SharedHost, seed: number, isQuick: boolean) {
    this.#host = host;
    this.#isQuick = isQuick;
    this.#random = seeded(seed);
    const name = `${seed} ${crypto.randomUUID()}`;
    this.#rooms = Array.from({ length: ROOMS }, (_, at) => `inbox run ${at} of ${name}`);
    this.#users = USERS.map((user) => `${user} of ${name}`);
  }

  async live(operations: number): Promise<void> {
    for (let at = 0; at < operations; at++) await this.#operate();
  }

  /** Waits until the inboxes equal the rooms, then rebuilds them and compares. */
  async judge(restMs: number): Promise<{ problems: string[]; conversations: number }> {
    const problems: string[] = [];
    let conversations = 0;
    for (const user of this.#users) {
      const expected = await this.#inRooms(user);
      const until = Date.now() + restMs;
      let found = await this.#inInbox(user);
      while (!isSame(onlyRooms(found), expected) && Date.now() < until) {
        await pause(1_000);
        found = await this.#inInbox(user);
      }
      conversations += Object.keys(found).length;
      if (!isSame(onlyRooms(found), expected)) {
        problems.push(`${user}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
      }
      await this.#rebuild(user);
      const after = await this.#inInbox(user);
      if (!isSame(after, found)) {
        problems.push(`${user}: rebuilt ${JSON.stringify(found)} to ${JSON.stringify(after)}`);
      }
    }
    return { problems, conversations };
  }

  /** Makes one random operation. */
  async #operate(): Promise<void> {
    const user = this.#one(this.#users);
    const other = this.#one(this.#users);
    const room = this.#one(this.#rooms);
    const path = `/rooms/${encodeURIComponent(room)}`;
    const inbox = `/inbox/${encodeURIComponent(room)}`;
    const seq = 1 + Math.floor(this.#random() * 30);
    const readUpTo = this.#isQuick ? ALL : seq * 5;
    const chance = this.#random();
    if (chance < 0.35) {
      const mentions = this.#random() < 0.3 && !this.#isQuick ? [other] : [];
      return this.#ask(user, 'POST', `${path}/messages`, { ...this.#text(), mentions });
    }
    if (chance < 0.55) return this.#ask(user, 'PUT', `${path}/read`, { readUpTo });
    if (chance < 0.63) return this.#ask(user, 'PATCH', `${path}/messages/${seq}`, this.#text());
    if (chance < 0.68) return this.#ask(user, 'DELETE', `${path}/messages/${seq}`);
    if (chance < 0.78) {
      return this.#ask(user, 'PATCH', inbox, { readUpTo, pinned: this.#random() < 0.5 });
    }
    if (chance < 0.82) return this.#ask(user, 'GET', '/inbox?limit=5');
    if (chance < 0.85) return this.#ask(user, 'DELETE', inbox);
    if (chance < 0.88) return this.#ask(user, 'POST', '/directs', { userId: other });
    const who = encodeURIComponent(other);
    if (chance < 0.9) return this.#ask(user, 'PUT', `/blocks/${who}`);
    if (chance < 0.91) return this.#ask(user, 'DELETE', `/blocks/${who}`);
    return this.#manage(path, who, chance);
  }

  /** Makes one random operation of an admin. */
  async #manage(path: string, who: string, chance: number): Promise<void> {
    if (chance < 0.94) {
      const role = this.#one(['none', 'member', 'moderator', 'viewer']);
      return this.#ask('the admin', 'PUT', `${path}/members/${who}`, { role });
    }
    if (chance < 0.955) return this.#ask('the admin', 'PUT', `${path}/bans/${who}`, {});
    if (chance < 0.97) return this.#ask('the admin', 'DELETE', `${path}/bans/${who}`);
    if (chance < 0.99) return this.#ask('the admin', 'PATCH', path, { topic: `topic ${chance}` });
    if (chance < 0.994) return this.#ask('the admin', 'DELETE', path);
    return this.#ask('the admin', 'PUT', path);
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }

  #text(): { message: string } {
    return { message: `text ${this.#texts++}` };
  }

  /** Sends a request; counts refusals, and requests without an answer because the host was killed. */
  async #ask(user: string, method: string, path: string, body?: object): Promise<void> {
    const { report } = this.#host;
    const response = await this.#request(user, method, path, body).catch(() => undefined);
    report.done++;
    if (response === undefined) report.lost++;
    else if (!response.ok) report.refused++;
    await this.#host.isUp;
    await response?.arrayBuffer().catch(() => undefined);
  }

  async #request(user: string, method: string, path: string, body?: object): Promise<Response> {
    const token = this.#tokens.get(user) ?? tokenFor(user, { admin: user === 'the admin' });
    this.#tokens.set(user, token);
    return fetch(`${this.#host.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async #reply<T>(user: string, method: string, path: string): Promise<T> {
    const response = await this.#request(user, method, path);
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** A user's state in each room on whose list they are, as their join shows it. */
  async #inRooms(user: string): Promise<Compares> {
    const found: Compares = {};
    for (const roomId of this.#rooms) {
      const path = `/rooms/${encodeURIComponent(roomId)}`;
      const visitor = new NativeVisitor(this.#host.url, { token: await tokenFor(user) });
      const joined = await visitor.join(roomId);
      await visitor.close();
      if (!joined.ok) continue;
      const { members } = await this.#reply<{ members: { userId: string }[] }>(
        'the admin',
        'GET',
        `${path}/members?limit=100`,
      );
      if (!members.some(({ userId }) => userId === user)) continue;
      const { you, room } = joined;
      const { role, readUpTo, unread, unreadMentions } = you;
      const isUnread = unread > 0;
      found[roomId] = { topic: room.topic, role, readUpTo, isUnread, unreadMentions };
    }
    return found;
  }

  /** The whole inbox of a user, with archived conversations. */
  async #inInbox(user: string): Promise<Compares> {
    const found: [string, Compared][] = [];
    for (const filter of ['', '&filter=archived']) {
      const path = `/inbox?limit=200${filter}`;
      const page = await this.#reply<InboxReply<'getInbox'>>(user, 'GET', path);
      for (const one of page.conversations) found.push([one.roomId, comparedOf(one)]);
    }
    return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #rebuild(user: string): Promise<void> {
    for (let done = false; !done;) {
      ({ done } = await this.#reply<{ done: boolean }>(user, 'POST', '/inbox/rebuild'));
    }
  }
}

function comparedOf({ topic, role, readUpTo, unread, unreadMentions }: Conversation): Compared {
  return { topic, role, readUpTo, isUnread: unread > 0, unreadMentions };
}

/** Without direct rooms, since only the room knows whether that of a blocked user is shown. */
function onlyRooms(found: Compares): Compares {
  return Object.fromEntries(Object.entries(found).filter(([id]) => !id.startsWith('direct:')));
}

function isSame(one: Compares, other: Compares): boolean {
  const keys = Object.keys({ ...one, ...other });
  return keys.every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]));
}
