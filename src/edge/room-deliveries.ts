import { type AskSweep, deleteFiles } from '../files/delete-files.ts';
import { pacedCarry } from '../hooks/paced-carry.ts';
import type { Carry } from '../host/courier.ts';
import { FILES_TARGET } from '../room/files/deliver.ts';
import { HOOK_TARGET } from '../room/hook/deliver.ts';
import { INBOX_TARGET } from '../room/inbox-updates/evaluate.ts';
import type { Environment } from './environment.ts';
import { R2BlobStore } from './r2-blob-store.ts';

/**
 * Carries a room's deliveries to inboxes, the store of files, and the outgoing webhook.
 * @param sweep asks the room which of its stored bytes have no file
 */
export function roomCarrier(env: Environment, roomId: string, sweep: AskSweep): Carry {
  const toHook = pacedCarry((deliveries) => env.HOOK.getByName(roomId).tell(deliveries));
  return async (target, deliveries) => {
    if (target === HOOK_TARGET) return toHook(target, deliveries);
    if (target === FILES_TARGET) {
      // Without a store they wait.
      if (env.FILES === undefined) return [];
      return deleteFiles(new R2BlobStore(env.FILES), roomId, deliveries, sweep);
    }
    if (!target.startsWith(INBOX_TARGET)) return [];
    const inbox = env.INBOX.getByName(target.slice(INBOX_TARGET.length));
    await inbox.take(deliveries.map(({ key, body }) => ({ roomId: key, body })));
    return deliveries.map(() => 'delivered');
  };
}
