import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { hasBrowser, Line, sharedBrowser, Visitor } from './browser.ts';
import { type Host, startNodeHost } from './browser-hosts.ts';

/** A request of one room: its user's name, the method, the path within the room, and a body. */
export type RoomRequest = [name: string, method: string, path: string, body?: object];

/** A test's visitors with browser windows. Closes them after the test, which fails if a browser complained. */
export class Company {
  /** The id of the test's room, a new one for every test. */
  room = '';
  #browser: Browser | undefined;
  #visitors: Visitor[] = [];
  #lines: Line[] = [];

  /** A company for all tests of a file or group. @param notifies whether their browser shows notifications */
  static forAll(notifies = false): Company {
    const company = new Company();
    beforeAll(async () => {
      if (hasBrowser) company.#browser = await sharedBrowser(notifies);
    });
    beforeEach(() => {
      company.room = `room ${crypto.randomUUID()}`;
    });
    afterEach(() => company.#goHome());
    return company;
  }

  async arrives(url: string, options?: BrowserContextOptions): Promise<Visitor> {
    if (this.#browser === undefined) throw new Error('There is no browser.');
    const visitor = await Visitor.arrive(this.#browser, url, options);
    this.#visitors.push(visitor);
    return visitor;
  }

  async comesIn(name: string, url: string, options?: BrowserContextOptions): Promise<Visitor> {
    const visitor = await this.arrives(url, options);
    await visitor.join(name, this.room);
    await visitor.isIn();
    return visitor;
  }

  async lineTo(url: string): Promise<Line> {
    const line = await Line.to(url);
    this.#lines.push(line);
    return line;
  }

  /** Sends an HTTP request to the room as a user of this name. A refusal fails the test. */
  async ask<T>(url: string, ...[name, method, path, body]: RoomRequest): Promise<T> {
    const query = new URLSearchParams({ username: name });
    const token = await (await fetch(new URL(`/test-token?${query.toString()}`, url))).text();
    const room = `/rooms/${encodeURIComponent(this.room)}`;
    const response = await fetch(new URL(`${room}${path}`, url), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect([path, response.ok]).toEqual([path, true]);
    return (await response.json()) as T;
  }

  async #goHome(): Promise<void> {
    const visitors = this.#visitors;
    await Promise.all(visitors.map((visitor) => this.#deleteRooms(visitor)));
    await Promise.all(visitors.map((visitor) => visitor.close()));
    await Promise.all(this.#lines.map((line) => line.close()));
    this.#visitors = [];
    this.#lines = [];
    for (const visitor of visitors) visitor.assertContent();
  }

  /** Deletes the rooms of a test, so that they are not in its users' inboxes in the next test. */
  async #deleteRooms({ name, page }: Visitor): Promise<void> {
    const base = page.url();
    if (name === '' || !base.startsWith('http')) return;
    const address = new URL(`/test-token?username=${encodeURIComponent(name)}`, base);
    const made = await fetch(address).catch(() => undefined);
    // Only development mode gives tokens.
    if (made?.ok !== true) return;
    const headers = { authorization: `Bearer ${await made.text()}` };
    const listed = await fetch(new URL('/inbox?limit=200', base), { headers });
    const { conversations = [] } = (await listed.json()) as {
      conversations?: { roomId: string }[];
    };
    // Rooms update inboxes after a second, so rooms that the page has open may be missing there.
    const opened = await page
      .evaluate<string[]>(
        "JSON.parse(sessionStorage.getItem('parlor.session') ?? '{}').rooms ?? []",
      )
      .catch(() => []);
    const all = new Set([...opened, ...conversations.map(({ roomId }) => roomId)]);
    const rooms = [...all].filter((roomId) => roomId.startsWith(this.room));
    const remove = (path: string) => fetch(new URL(path, base), { method: 'DELETE', headers });
    await Promise.all(
      rooms.map(async (roomId) => {
        const id = encodeURIComponent(roomId);
        const deleted = await remove(`/rooms/${id}`);
        if (!deleted.ok) await remove(`/inbox/${id}`);
      }),
    );
  }
}

/** Starts a Node host for the tests of a file or group. */
export function nodeHostFor(...options: Parameters<typeof startNodeHost>): () => Host {
  let host: Host;
  beforeAll(async () => {
    if (hasBrowser) host = await startNodeHost(...options);
  });
  afterAll(() => host?.close());
  return () => host;
}
