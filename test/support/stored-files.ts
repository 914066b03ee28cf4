import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { DiskBlobStore } from '../../local-server/disk-blob-store.ts';
import { NodeRooms, roomPath } from '../../local-server/node-rooms.ts';
import { filesFolder } from '../../local-server/sweep-files.ts';
import { folderOf, SWEEPER } from '../../src/files/delete-files.ts';
import type { RoomDirectory } from '../../src/host/room-directory.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { edgeOptions } from './edge-options.ts';

const DAY_MS = 86_400_000;

/** The stored files of a room on a host that was killed. */
export interface StoredFiles {
  /** All keys, without the room's folder. */
  keys(): Promise<string[]>;
  /** The bytes at a key; empty if it holds nothing. */
  read(key: string): Promise<ArrayBuffer>;
  /** The path of the room's database. */
  path: string;
  /** Makes the room delete bytes without a file, as it does itself two days after an upload. */
  sweep(): Promise<unknown>;
  close(): Promise<void>;
}

/** A first page of a sweep, without keys. */
const FROM_START = { keys: [], next: '' };

/** The files in a data folder of the node host. */
export async function filesOnDisk(dataDir: string, roomId: string): Promise<StoredFiles> {
  const store = new DiskBlobStore(filesFolder(dataDir));
  await store.removePartials(Date.now() + 3 * DAY_MS);
  const folder = `${await folderOf(roomId)}/`;
  const rooms = new NodeRooms({
    dataDir,
    store,
    durability: 'process',
    maxOpenRooms: 1,
    limits: readSettings({}).settings.limits,
    log: {
      failure: (what, error) => {
        throw new Error(what, { cause: error });
      },
    },
  });
  return {
    async keys() {
      const keys: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.list(folder, after);
        keys.push(...page.blobs.map(({ key }) => key.slice(folder.length)));
        after = page.next;
      } while (after !== undefined);
      return keys;
    },
    read: async (key) => new Response((await store.get(folder + key)) ?? '').arrayBuffer(),
    path: roomPath(dataDir, roomId),
    sweep: () => rooms.execute(roomId, SWEEPER, 'sweepFiles', FROM_START),
    close: () => Promise.resolve(rooms.close()),
  };
}

/** The files in a data folder of the edge host. @param bundle a folder made by `bundleWorker` */
export async function filesInBucket(
  bundle: string,
  folder: string,
  roomId: string,
): Promise<StoredFiles> {
  const miniflare = new Miniflare({
    ...edgeOptions(bundle),
    log: new Log(LogLevel.NONE),
    resourcePersistencePath: folder,
  });
  const rooms = await miniflare.getDurableObjectNamespace('ROOM');
  const id = rooms.idFromName(roomId);
  const room = rooms.get(id) as unknown as {
    execute: (...question: [unknown, string, object]) => ReturnType<RoomDirectory['execute']>;
  };
  const bucket = await miniflare.getR2Bucket('FILES');
  const prefix = `${await folderOf(roomId)}/`;
  return {
    async keys() {
      const keys: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
        keys.push(...page.objects.map(({ key }) => key.slice(prefix.length)));
        if (!page.truncated) return keys;
        cursor = page.cursor;
      }
    },
    read: async (key) => (await bucket.get(prefix + key))?.arrayBuffer() ?? new ArrayBuffer(0),
    path: join(folder, 'do', 'parlor-RoomObject', `${String(id)}.sqlite`),
    sweep: () => room.execute(SWEEPER, 'sweepFiles', FROM_START),
    close: () => miniflare.dispose(),
  };
}
