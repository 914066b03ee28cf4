import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DiskBlobStore } from '../../local-server/disk-blob-store.ts';
import { roomPath } from '../../local-server/node-rooms.ts';
import { backUp, restore } from '../../local-server/backup.ts';
import { countFiles, filesFolder, sweepFiles } from '../../local-server/sweep-files.ts';
import { SWEEPER } from '../../src/files/delete-files.ts';
import { fileLifeContract } from '../contract/file-life.ts';
import { temporaryFolder } from '../support/folder.ts';
import { httpApp } from '../support/http-app.ts';
import { tokenFor } from '../support/tokens.ts';

const DAY_MS = 86_400_000;

/** Uploads a file of 5 bytes, and sends it in a message unless `isSent` is false. @returns its id */
async function upload({ app }: ReturnType<typeof httpApp>, roomId: string, isSent = true) {
  const authorization = `Bearer ${await tokenFor('alice')}`;
  const headers = { authorization, 'x-file-name': 'a', 'content-length': '5' };
  const answer = await app.request(`http://localhost/rooms/${roomId}/files`, {
    method: 'POST',
    headers,
    body: 'hello',
  });
  const { file } = (await answer.json()) as { file: { fileId: string } };
  if (!isSent) return file.fileId;
  const sent = await app.request(`http://localhost/rooms/${roomId}/messages`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ message: '', files: [file.fileId] }),
  });
  expect(sent.status).toBe(201);
  return file.fileId;
}

async function fileNames(dataDir: string): Promise<string[]> {
  const found = await readdir(filesFolder(dataDir), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .toSorted();
}

describe('files on the node host', () => {
  fileLifeContract(async (use) => {
    const { app, rooms, store, logged, dataDir } = httpApp();
    onTestFinished(() => {
      rooms.close();
      expect(logged).toEqual([]);
    });
    await use({
      request: async (path, init) => app.request(`http://localhost${path}`, init),
      store,
      whileDown: async (act) => {
        // A file stands where the folder of all files should be, so that every write fails.
        const folder = filesFolder(dataDir);
        await rename(folder, `${folder} away`);
        await writeFile(folder, '');
        await act();
        // In one step: while the folder is absent, a deletion would take the file for deleted.
        await symlink(`${folder} away`, `${folder} back`);
        await rename(`${folder} back`, folder);
        expect(logged.splice(0).length).toBeGreaterThan(0);
      },
      sweep: (roomId) => rooms.execute(roomId, SWEEPER, 'sweepFiles', { keys: [], next: '' }),
      tokenFor,
    });
  });

  it('keeps the bytes of a room in a folder of its own, named as its database', async () => {
    const host = httpApp();
    onTestFinished(() => host.rooms.close());
    const fileId = await upload(host, 'general');
    const folder = createHash('sha256').update('general').digest('hex');
    expect(existsSync(join(host.dataDir, 'rooms', `${folder}.sqlite`))).toBe(true);
    expect(
      await readdir(join(filesFolder(host.dataDir), folder), { recursive: true }),
    ).toContainEqual(expect.stringContaining(fileId));
  });

  it('[FILE17] answers `unavailable` while the store fails, and keeps nothing reserved', async () => {
    const host = httpApp();
    onTestFinished(() => host.rooms.close());
    // A file stands where the folder of all files should be, so that every write fails.
    await writeFile(filesFolder(host.dataDir), '');
    const answer = await host.app.request('http://localhost/rooms/general/files', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenFor('alice')}`,
        'x-file-name': 'a',
        'content-length': '5',
      },
      body: 'hello',
    });
    expect([answer.status, host.logged.length > 0]).toEqual([503, true]);
    await rm(filesFolder(host.dataDir));
    const database = new DatabaseSync(roomPath(host.dataDir, 'general'), { readOnly: true });
    onTestFinished(() => database.close());
    await expect.poll(() => database.prepare('SELECT * FROM files').all().length).toBe(0);
    await upload(host, 'general');
  });

  it('sweeps bytes over two days old that belong to no room, and leaves those of existing rooms', async () => {
    const host = httpApp();
    onTestFinished(() => host.rooms.close());
    const { dataDir, store } = host;
    const kept = await upload(host, 'general');
    const folder = createHash('sha256').update('general').digest('hex');
    const nowhere = '0'.repeat(64);
    const keys = [`${folder}/epoch/old`, `${nowhere}/epoch/old`, `${nowhere}/epoch/new`];
    for (const key of keys) await store.put(key, new Blob(['x']).stream(), 1);
    const old = new Date(Date.now() - 3 * DAY_MS);
    for (const key of keys.slice(0, 2)) await utimes(join(filesFolder(dataDir), key), old, old);
    expect(await countFiles(dataDir, store, Date.now())).toEqual({
      stored: 1,
      bytes: 5,
      missing: 0,
      orphans: 2,
    });
    expect(await sweepFiles(dataDir, store, Date.now())).toBe(1);
    expect(await fileNames(dataDir)).toEqual([kept, 'new', 'old'].toSorted());
    await rm(join(filesFolder(dataDir), folder), { recursive: true });
    expect(await countFiles(dataDir, store, Date.now())).toMatchObject({ stored: 0, missing: 1 });
  });

  it('copies files with a backup, and a restored room can read them in its new epoch', async () => {
    const host = httpApp();
    const fileId = await upload(host, 'general');
    const copy = join(temporaryFolder(), 'copy');
    expect(await backUp(host.dataDir, copy)).toBe(1);
    host.rooms.close();
    const dataDir = join(temporaryFolder(), 'restored');
    await restore(copy, dataDir);
    const again = httpApp(undefined, dataDir);
    onTestFinished(() => again.rooms.close());
    const answer = await again.app.request(`http://localhost/rooms/general/files/${fileId}`, {
      headers: { authorization: `Bearer ${await tokenFor('bob')}` },
    });
    expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    await upload(again, 'general');
    expect(
      await sweepFiles(dataDir, new DiskBlobStore(filesFolder(dataDir)), Date.now() + 3 * DAY_MS),
    ).toBe(0);
  });
});
