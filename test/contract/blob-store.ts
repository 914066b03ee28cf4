import { expect, it } from 'vitest';
import { type BlobStore, BodyLengthMismatch } from '../../src/files/blob-store.ts';

/** `abc` has a known SHA-256 (FIPS 180-4, example 1). */
const ABC_SHA256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const PIECE = 65_536;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A body that arrives in the given pieces. */
function bodyOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

/** A body that breaks off after one piece. */
function brokenBody(piece: Uint8Array): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new Error('The sender is gone.'));
      else controller.enqueue(piece);
      isSent = true;
    },
  });
}

async function read(body: ReadableStream<Uint8Array> | undefined): Promise<string | undefined> {
  return body && new TextDecoder().decode(await new Response(body).arrayBuffer());
}

async function keysOf(store: BlobStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, cursor);
    keys.push(...page.blobs.map(({ key }) => key));
    cursor = page.next;
  } while (cursor !== undefined);
  return keys.toSorted();
}

/** The contract of a `BlobStore`, the same for every host. */
export function blobStoreContract(
  withStore: (use: (store: BlobStore) => Promise<void>) => Promise<void>,
): void {
  it('stores a body and returns its SHA-256', () =>
    withStore(async (store) => {
      const sha256 = await store.put('room/epoch/a', bodyOf(bytesOf('a'), bytesOf('bc')), 3);
      expect(sha256).toBe(ABC_SHA256);
      expect(await read(await store.get('room/epoch/a'))).toBe('abc');
    }));

  it('stores an empty body', () =>
    withStore(async (store) => {
      await store.put('room/epoch/none', bodyOf(), 0);
      expect(await read(await store.get('room/epoch/none'))).toBe('');
    }));

  it('returns undefined for a key that holds nothing', () =>
    withStore(async (store) => {
      expect(await store.get('room/epoch/absent')).toBeUndefined();
    }));

  it.each([
    ['the first bytes', { first: 0, last: 1 }, 'ab'],
    ['bytes in the middle', { first: 2, last: 3 }, 'cd'],
    ['the last byte', { first: 5, last: 5 }, 'f'],
  ])('returns %s of a blob', (_, range, text) =>
    withStore(async (store) => {
      await store.put('room/epoch/part', bodyOf(bytesOf('abcdef')), 6);
      expect(await read(await store.get('room/epoch/part', range))).toBe(text);
    }),
  );

  it('replaces what the key held', () =>
    withStore(async (store) => {
      await store.put('room/epoch/again', bodyOf(bytesOf('first')), 5);
      await store.put('room/epoch/again', bodyOf(bytesOf('next')), 4);
      expect(await read(await store.get('room/epoch/again'))).toBe('next');
    }));

  it.each([
    ['shorter', 10],
    ['longer', 2],
  ])('refuses a body that is %s than its announced length, and stores nothing of it', (_, size) =>
    withStore(async (store) => {
      const storing = store.put('room/epoch/wrong', bodyOf(bytesOf('ab'), bytesOf('cd')), size);
      await expect(storing).rejects.toBeInstanceOf(BodyLengthMismatch);
      expect(await store.get('room/epoch/wrong')).toBeUndefined();
      expect(await keysOf(store, 'room/')).toEqual([]);
    }),
  );

  it('keeps what a key held when its replacement breaks off', () =>
    withStore(async (store) => {
      await store.put('room/epoch/kept', bodyOf(bytesOf('whole')), 5);
      const storing = store.put('room/epoch/kept', brokenBody(bytesOf('ha')), 4);
      await expect(storing).rejects.toThrow('The sender is gone.');
      expect(await read(await store.get('room/epoch/kept'))).toBe('whole');
      expect(await keysOf(store, 'room/')).toEqual(['room/epoch/kept']);
    }));

  it('stores a body of many pieces', () =>
    withStore(async (store) => {
      const pieces = Array.from({ length: 64 }, (_, at) => new Uint8Array(PIECE).fill(at));
      await store.put('room/epoch/big', bodyOf(...pieces), 64 * PIECE);
      const body = await store.get('room/epoch/big', { first: 63 * PIECE - 1, last: 63 * PIECE });
      expect([...new Uint8Array(await new Response(body).arrayBuffer())]).toEqual([62, 63]);
    }));

  it('deletes keys, also those that hold nothing', () =>
    withStore(async (store) => {
      await store.put('room/epoch/a', bodyOf(bytesOf('a')), 1);
      await store.put('room/epoch/b', bodyOf(bytesOf('b')), 1);
      await store.delete(['room/epoch/a', 'room/epoch/absent']);
      expect(await keysOf(store, 'room/')).toEqual(['room/epoch/b']);
      await store.delete([]);
    }));

  it('lists the keys with a prefix in pages, with sizes and times', () =>
    withStore(async (store) => {
      const names = Array.from({ length: 1_005 }, (_, at) => `f${String(at).padStart(4, '0')}`);
      await Promise.all(
        names.map((name) => store.put(`room/one/${name}`, bodyOf(bytesOf('x')), 1)),
      );
      await store.put('room/other/f', bodyOf(bytesOf('xy')), 2);
      expect(await keysOf(store, 'room/one/')).toEqual(names.map((name) => `room/one/${name}`));
      const { blobs } = await store.list('room/other/');
      expect(blobs).toEqual([{ key: 'room/other/f', size: 2, storedAt: expect.any(Number) }]);
      expect(await store.list('nothing/')).toEqual({ blobs: [] });
    }));

  it.each(['../etc/passwd', 'a/../b', '/a', 'a//b', 'a/', '', 'a.b', 'a\0b'])(
    'refuses the key %j, which could lead outside its folder',
    (key) =>
      withStore(async (store) => {
        await expect(store.put(key, bodyOf(bytesOf('a')), 1)).rejects.toThrow('names joined');
        await expect(store.get(key)).rejects.toThrow('names joined');
        await expect(store.delete([key])).rejects.toThrow('names joined');
      }),
  );
}
