import { expect, it } from 'vitest';
import { type BlobStore } from '../../src/files/blob-store.ts';
import { folderOf } from '../../src/files/delete-files.ts';

/** A running service, the store of its files, and a token for a user; `admin` with all rights. */
export interface FileHost {
  request(path: string, init?: RequestInit): Promise<Response>;
  store: BlobStore;
  tokenFor(userId: string, claims?: { admin?: true }): Promise<string>;
}

const PATIENTLY = { timeout: 30_000 };

/** The bytes of files come and go with the files, on any host. */
export function fileLifeContract(
  withHost: (use: (host: FileHost) => Promise<void>) => Promise<void>,
): void {
  const withLife = (tell: (life: Life) => Promise<void>) =>
    withHost((host) => tell(new Life(host)));

  it('[FILE8] deletes the bytes of a deleted message', () =>
    withLife(async (life) => {
      await life.send();
      await life.send();
      expect(await life.count()).toBe(2);
      await life.ask('DELETE', '/messages/1');
      await expect.poll(() => life.count(), PATIENTLY).toBe(1);
      await life.ask('DELETE', '/messages/2');
      await expect.poll(() => life.count(), PATIENTLY).toBe(0);
    }));

  it('[FILE8] deletes all bytes of a deleted room', () =>
    withLife(async (life) => {
      await life.send();
      await life.upload();
      await life.ask('DELETE', '');
      await expect.poll(() => life.count(), PATIENTLY).toBe(0);
    }));

  it('[FILE8] deletes the bytes of a user who is erased', () =>
    withLife(async (life) => {
      await life.send();
      await life.upload();
      await life.ask('DELETE', '/users/alice');
      await expect.poll(() => life.count(), PATIENTLY).toBe(0);
    }));

  it('[FILE9] stores nothing of an upload whose digest does not fit', () =>
    withLife(async (life) => {
      const digest = `sha-256=:${btoa('\0'.repeat(32))}:`;
      const answer = await life.ask('POST', '/files', 'hello', { 'content-digest': digest });
      expect(answer.status).toBe(400);
      expect(await life.count()).toBe(0);
    }));
}

/** One room and its files. */
class Life {
  readonly #host: FileHost;
  readonly #roomId = `安 room ${crypto.randomUUID()}`;

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
    return ((await answer.json()) as { file: { fileId: string } }).file.fileId;
  }

  async send(): Promise<void> {
    const message = JSON.stringify({ message: '', files: [await this.upload()] });
    expect((await this.ask('POST', '/messages', message)).status).toBe(201);
  }

  /** How many files' bytes are stored. */
  async count(): Promise<number> {
    const { blobs } = await this.#host.store.list(`${await folderOf(this.#roomId)}/`);
    return blobs.length;
  }
}
