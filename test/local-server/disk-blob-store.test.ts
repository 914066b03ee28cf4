import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskBlobStore } from '../../local-server/disk-blob-store.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { temporaryFolder } from '../support/folder.ts';

const DAY_MS = 86_400_000;

describe('a blob store on disk', () => {
  blobStoreContract((use) => use(new DiskBlobStore(join(temporaryFolder(), 'files'))));

  it('leaves no empty folder after the last blob is deleted', async () => {
    const folder = temporaryFolder();
    const store = new DiskBlobStore(folder);
    await store.put('room/epoch/a', new Blob(['a']).stream(), 1);
    await store.delete(['room/epoch/a']);
    expect(await readdir(folder)).toEqual([]);
  });

  it('stores blobs while their folder is emptied again and again', async () => {
    const folder = temporaryFolder();
    const store = new DiskBlobStore(folder);
    const turn = async (name: string) => {
      for (let at = 0; at < 50; at++) {
        await store.put(`room/epoch/${name}`, new Blob(['a']).stream(), 1);
        await store.delete([`room/epoch/${name}`]);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(turn));
    expect(await readdir(folder)).toEqual([]);
  });

  it('removes unfinished uploads over a day old, which a crash has left, and nothing else', async () => {
    const folder = temporaryFolder();
    const store = new DiskBlobStore(folder);
    await store.put('room/epoch/whole', new Blob(['a']).stream(), 1);
    const place = join(folder, 'room', 'epoch');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'old.0123.partial'), 'x');
    await writeFile(join(place, 'new.4567.partial'), 'x');
    const now = Date.now();
    await utimes(
      join(place, 'old.0123.partial'),
      new Date(now - 2 * DAY_MS),
      new Date(now - 2 * DAY_MS),
    );
    await store.removePartials(now);
    expect((await readdir(place)).toSorted()).toEqual(['new.4567.partial', 'whole']);
    expect((await store.list('')).blobs.map(({ key }) => key)).toEqual(['room/epoch/whole']);
  });
});
