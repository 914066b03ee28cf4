import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import { refusalOf } from '../protocol/codes/errors.ts';
import type { Payload, Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { hexOf } from '../protocol/text.ts';
import { EARLIER_LIVES, SWEEP } from '../room/files/deliver.ts';
import type { BlobStore } from './blob-store.ts';

/** Pages that one attempt reads; the rest is left to the next one. */
const MAX_PAGES = 50;

/** The rest of a big room is deleted after this long, in milliseconds. */
const GO_ON_MS = 1_000;

/** The folder of a room's bytes: a room id may have characters that no key may. */
export async function folderOf(roomId: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(roomId));
  return hexOf(new Uint8Array(bytes));
}

/** The identity of the service itself when it asks a room. */
export const SWEEPER: Identity = { userId: 'parlor:files', admin: true };

/** Shows a room a page of stored keys, so that it deletes those without a file. */
export type AskSweep = (
  page: Omit<Payload<'sweepFiles'>, 'roomId'>,
) => Promise<Result<Reply<'sweepFiles'>>>;

/** Deletes the bytes that a room no longer has a file for. Rejects while the store is down. */
export async function deleteFiles(
  store: BlobStore,
  roomId: string,
  deliveries: readonly Delivery[],
  ask: AskSweep,
): Promise<DeliveryOutcome[]> {
  const folder = await folderOf(roomId);
  const keys = deliveries.map(({ key }) => key).filter((key) => !isWide(key));
  await store.delete(keys.map((key) => `${folder}/${key}`));
  const outcomes: DeliveryOutcome[] = [];
  for (const { key, body } of deliveries) {
    if (key === SWEEP) await sweep(store, folder, body, ask);
    outcomes.push(key === EARLIER_LIVES ? await deleteEarlier(store, folder, body) : 'delivered');
  }
  return outcomes;
}

/** Whether a delivery's key is about more than one file's bytes. */
function isWide(key: string): boolean {
  return key === EARLIER_LIVES || key === SWEEP;
}

/**
 * Shows a room one page of the keys that the store holds for it. The room makes deliveries that delete
 * those without a file, and one for the next page.
 */
async function sweep(store: BlobStore, folder: string, body: string, ask: AskSweep): Promise<void> {
  const { after } = JSON.parse(body) as { after: string | null };
  const { blobs, next } = await store.list(
    `${folder}/`,
    after === null ? undefined : `${folder}/${after}`,
  );
  const within = (key: string) => key.slice(folder.length + 1);
  const keys = blobs.map(({ key }) => within(key));
  const result = await ask({ keys, ...(next !== undefined && { next: within(next) }) });
  if (!result.ok) throw refusalOf(result.error);
}

/** @param body names the epochs to keep */
async function deleteEarlier(
  store: BlobStore,
  folder: string,
  body: string,
): Promise<DeliveryOutcome> {
  const { keep } = JSON.parse(body) as { keep: string[] };
  const kept = keep.map((epoch) => `${folder}/${epoch}/`);
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { blobs, next } = await store.list(`${folder}/`, after);
    const keys = blobs.map(({ key }) => key);
    await store.delete(keys.filter((key) => !kept.some((prefix) => key.startsWith(prefix))));
    if (next === undefined) return 'delivered';
    after = next;
  }
  return { retryAfterMs: GO_ON_MS };
}
