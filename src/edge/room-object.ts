import { deleteFiles, SWEEPER } from '../files/delete-files.ts';
import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { application } from '../app/current.ts';
import { outgoingHookOf } from '../hooks/outgoing.ts';
import { pacedTelling } from '../hooks/paced-telling.ts';
import { Room } from '../room/room.ts';
import { FILES_TARGET } from '../room/files/deliver.ts';
import { HOOK_TARGET } from '../room/hook/deliver.ts';
import { INBOX_TARGET } from '../room/telling/evaluate.ts';
import type { ObjectPorts } from './hosting-object.ts';
import { R2BlobStore } from './r2-blob-store.ts';
import { SocketObject } from './socket-object.ts';

/** One room in its Durable Object: adapts sockets and calls to the Room, and nothing else. */
export class RoomObject extends SocketObject<Room> {
  readonly #tellHook = pacedTelling((deliveries) =>
    this.env.HOOK.getByName(this.roomId).tell(deliveries.map(({ key, body }) => ({ key, body }))),
  );

  /** Does a command for an identity that has not joined. The caller gets the result when it is stored. */
  async execute<N extends RequestName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await this.hosted.ask((room) => room.execute(identity, name, payload));
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      throw error;
    }
  }

  protected make(ports: ObjectPorts): Room {
    this.report.woken();
    const { firstEpoch, report: meter, connections: roster } = this;
    const hookEvents = outgoingHookOf(this.settings)?.eventsOf(this.roomId) ?? new Set();
    const host = { firstEpoch, roster, meter, hasInboxes: true, application, hookEvents };
    return new Room(this.roomId, { ...host, ...ports }, this.limits);
  }

  /** Brings what the room owes to an inbox, the store of files, or the outgoing webhook. */
  protected override async carry(
    target: string,
    deliveries: readonly Delivery[],
  ): Promise<readonly DeliveryOutcome[]> {
    if (target === FILES_TARGET) return this.#deleteFiles(deliveries);
    if (target === HOOK_TARGET) return this.#tellHook(target, deliveries);
    if (!target.startsWith(INBOX_TARGET)) return [];
    const userId = target.slice(INBOX_TARGET.length);
    await this.env.INBOX.getByName(userId).take(
      deliveries.map(({ key: roomId, body }) => ({ roomId, body })),
    );
    return deliveries.map(() => 'delivered');
  }

  protected override get roomId(): string {
    return this.ctx.id.name ?? '';
  }

  /** Without a store the deliveries wait. */
  async #deleteFiles(deliveries: readonly Delivery[]): Promise<readonly DeliveryOutcome[]> {
    const { FILES } = this.env;
    if (FILES === undefined) return [];
    return deleteFiles(new R2BlobStore(FILES), this.roomId, deliveries, async (page) =>
      this.execute(SWEEPER, 'sweepFiles', page),
    );
  }
}
