import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import type { BlobStore } from './blob-store.ts';

/** The key that stands for all bytes of the room's earlier lives. */
const EARLIER_LIVES = '*';

/** Pages that one attempt reads; what is left is for the next one. */
const MAX_PAGES = 50;

/** The rest of a big room is deleted after this long, in milliseconds. */
const GO_ON_MS = 1_000;

/** The folder of a room's bytes: a room id may have characters that no key may. */
export async function folderOf(roomId: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(roomId));
  return new Uint8Array(bytes).reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '');
}

/** Deletes the bytes that a room no longer has a file for. Rejects while the store is down. */
export async function deleteFiles(
  store: BlobStore,
  roomId: string,
  deliveries: readonly Delivery[],
): Promise<DeliveryOutcome[]> {
  const folder = await folderOf(roomId);
  const keys = deliveries.filter(({ key }) => key !== EARLIER_LIVES).map(({ key }) => key);
  await store.delete(keys.map((key) => `${folder}/${key}`));
  const outcomes: DeliveryOutcome[] = [];
  for (const { key, body } of deliveries) {
    outcomes.push(key === EARLIER_LIVES ? await deleteEarlier(store, folder, body) : 'delivered');
  }
  return outcomes;
}

/** @param body names the epochs to keep */
async function deleteEarlier(
  store: BlobStore,
  folder: string,
  body: string,
): Promise<DeliveryOutcome> {
  const { keep } = JSON.parse(body) as { keep: string[] };
  const kept = keep.map((epoch) => `${folder}/${epoch}/`);
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { blobs, next } = await store.list(`${folder}/`, cursor);
    const keys = blobs.map(({ key }) => key);
    await store.delete(keys.filter((key) => !kept.some((prefix) => key.startsWith(prefix))));
    if (next === undefined) return 'delivered';
    cursor = next;
  }
  return { retryAfterMs: GO_ON_MS };
}
