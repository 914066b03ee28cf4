import { expect, it } from 'vitest';
import { type BlobStore } from '../../src/files/blob-store.ts';
import { folderOf } from '../../src/files/delete-files.ts';

/** A running service, the store of its files, and a source of tokens. */
export interface FileHost {
  /** Makes a room look for bytes without a file, as it does itself two days after an upload. */
  sweep(roomId: string): Promise<unknown>;
  request(path: string, init?: RequestInit): Promise<Response>;
  store: BlobStore;
  /** Runs `act` while every call of the store fails. */
  whileDown(act: () => Promise<void>): Promise<void>;
  tokenFor(userId: string, claims?: { admin?: true }): Promise<string>;
}

/** The contract for stored bytes: they live as long as their files, on every host. */
export function fileLifeContract(
  withHost: (use: (host: FileHost) => Promise<void>) => Promise<void>,
): void {
  const withLife = (work: (life: Life) => Promise<void>) =>
    withHost((host) => work(new Life(host)));

  it('[FILE8] are deleted with their message', () =>
    withLife(async (life) => {
      await life.send();
      await life.send();
      expect(await life.count()).toBe(2);
      await life.ask('DELETE', '/messages/1');
      await expect.poll(() => life.count()).toBe(1);
      await life.ask('DELETE', '/messages/2');
      await expect.poll(() => life.count()).toBe(0);
    }));

  it('[FILE8] are all deleted with their room', () =>
    withLife(async (life) => {
      await life.send();
      await life.upload();
      await life.ask('DELETE', '');
      await expect.poll(() => life.count()).toBe(0);
    }));

  it('[FILE8] are deleted when their user is erased', () =>
    withLife(async (life) => {
      await life.send();
      await life.upload();
      await life.ask('DELETE', '/users/alice');
      await expect.poll(() => life.count()).toBe(0);
    }));

  it('[FILE14] are all that a sweep keeps, over many pages of the store', () =>
    withLife(async (life) => {
      await life.send();
      await life.upload();
      await life.strew(1_005);
      expect(await life.count()).toBeGreaterThanOrEqual(1_000);
      await life.sweep();
      await expect.poll(() => life.count()).toBe(2);
      expect(await life.readsAll()).toBe(true);
    }));

  it('[FILE17] are refused with 503 while their store fails, which does not affect messages', () =>
    withLife(async (life) => {
      await life.send();
      const waiting = await life.upload();
      await life.whileDown(async () => {
        const [sent] = life.fileIds;
        for (const [method, path, body] of [
          ['POST', '/files', 'hello'],
          ['GET', `/files/${sent}`],
          ['GET', '/export?files=1'],
        ] as const) {
          const answer = await life.ask(method, path, body);
          const text = await textOf(answer);
          expect(text).toContain('"code":"unavailable"');
          // An export has already begun; its last line says why it ends.
          expect(answer.status).toBe(path.startsWith('/export') ? 200 : 503);
          expect(answer.headers.has('retry-after')).toBe(answer.status === 503);
        }
        for (const message of [{ message: 'hello' }, { message: '', files: [waiting] }]) {
          const said = await life.ask('POST', '/messages', JSON.stringify(message));
          expect(said.status).toBe(201);
        }
        expect((await life.ask('DELETE', '/messages/1')).status).toBe(200);
      });
      expect(await life.reads(waiting)).toBe('hello');
      await life.upload();
      // The bytes of the message deleted while the store was down go at a retry: within seconds in a busy
      // room, within a minute in a quiet one.
      const later = async () => {
        await life.ask('POST', '/messages', JSON.stringify({ message: 'later' }));
        return life.count();
      };
      await expect.poll(later, { timeout: 120_000, interval: 500 }).toBe(2);
    }));

  it('[FILE9] are not stored if their digest does not match', () =>
    withLife(async (life) => {
      const digest = `sha-256=:${btoa('\0'.repeat(32))}:`;
      const answer = await life.ask('POST', '/files', 'hello', { 'content-digest': digest });
      expect(answer.status).toBe(400);
      expect(await life.count()).toBe(0);
    }));
}

/** A body as text. `text()` would log a warning at the edge for types that are not text. */
async function textOf(answer: Response): Promise<string> {
  return new TextDecoder().decode(await answer.arrayBuffer());
}

/** One room and its files. */
class Life {
  readonly #host: FileHost;
  readonly #roomId = `安 room ${crypto.randomUUID()}`;
  readonly fileIds: string[] = [];

  constructor(host: FileHost) {
    this.#host = host;
  }

  async ask(method: string, path: string, body?: string, headers = {}): Promise<Response> {
    const isAdmin = method === 'DELETE' && !path.startsWith('/messages');
    const token = await this.#host.tokenFor('alice', isAdmin ? { admin: true } : {});
    return this.#host.request(`/rooms/${encodeURIComponent(this.#roomId)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && {
          'content-length': String(body.length),
          'content-type': 'application/json',
          'x-file-name': 'a',
        }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
  }

  async upload(): Promise<string> {
    const answer = await this.ask('POST', '/files', 'hello');
    expect(answer.status).toBe(201);
    const { fileId } = ((await answer.json()) as { file: { fileId: string } }).file;
    this.fileIds.push(fileId);
    return fileId;
  }

  async send(): Promise<void> {
    const message = JSON.stringify({ message: '', files: [await this.upload()] });
    expect((await this.ask('POST', '/messages', message)).status).toBe(201);
  }

  /** Stores bytes that belong to no file of the room. */
  async strew(count: number): Promise<void> {
    const folder = await folderOf(this.#roomId);
    for (let at = 0; at < count; at += 100) {
      const names = Array.from({ length: Math.min(100, count - at) }, (_, n) => `f${at + n}`);
      await Promise.all(
        names.map((name) =>
          this.#host.store.put(`${folder}/0-epoch/${name}`, new Blob(['x']).stream(), 1),
        ),
      );
    }
  }

  sweep(): Promise<unknown> {
    return this.#host.sweep(this.#roomId);
  }

  whileDown(act: () => Promise<void>): Promise<void> {
    return this.#host.whileDown(act);
  }

  /** A file's content. */
  async reads(fileId: string): Promise<string> {
    return textOf(await this.ask('GET', `/files/${fileId}`));
  }

  /** Whether all uploaded files can be read. */
  async readsAll(): Promise<boolean> {
    const answers = await Promise.all(
      this.fileIds.map((fileId) => this.ask('GET', `/files/${fileId}`)),
    );
    const bodies = await Promise.all(answers.map(textOf));
    return bodies.every((body) => body === 'hello');
  }

  /** The number of stored blobs of the room, at most 1,000. */
  async count(): Promise<number> {
    const { blobs } = await this.#host.store.list(`${await folderOf(this.#roomId)}/`);
    return blobs.length;
  }
}
