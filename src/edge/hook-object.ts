import type { Carry } from '../host/courier.ts';
import type { BackendFailure, BackendStatus } from '../hooks/before-message.ts';
import { HOOK_CARRY_MS, HOOK_IDENTITY, hookCarrier } from '../hooks/carry-hook.ts';
import { Hook, type HookedRoomStatus, type HookSummary } from '../hooks/hook.ts';
import type { FailingRoom } from '../hooks/hook-rows.ts';
import { outgoingHookOf } from '../hooks/outgoing.ts';
import { posterOf } from '../hooks/post.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import { callRoom } from './call-room.ts';
import { HostingObject, type ObjectPorts } from './hosting-object.ts';
import { RoomReport } from './reports.ts';

/** Name of the object that knows all rooms whose requests fail. No room has this id. */
export const HOOK_STATUS = ' ';

/** Storage key of the last failure of a question. */
const LAST_FAILURE = 'last failure';

const NO_CONNECTIONS = { size: 0, closeAll: () => undefined };

/**
 * The outgoing webhook of one room, in a Durable Object named after the room. Requests are made here,
 * never in the room's object.
 */
export class HookObject extends HostingObject<Hook> {
  protected readonly report = new RoomReport(this.log);
  protected readonly connections = NO_CONNECTIONS;
  readonly #outgoing = outgoingHookOf(this.settings);

  /** Takes the room's deliveries. Resolves when they are stored. */
  async tell(owed: readonly { key: string; body: string }[]): Promise<void> {
    await this.hosted.ask((hook) => hook.enqueue(this.#roomId, owed));
  }

  async replay(position: string): Promise<void> {
    await this.hosted.ask((hook) => hook.replay(this.#roomId, position));
  }

  async status(): Promise<HookedRoomStatus> {
    return this.hosted.ask((hook) => hook.statusOf(this.#roomId));
  }

  async summary(): Promise<HookSummary> {
    return this.hosted.ask((hook) => hook.summary());
  }

  /** Notes whether the requests of a room fail. @param failing undefined when they succeed again */
  async noteRoom(roomId: string, failing: Omit<FailingRoom, 'roomId'> | undefined): Promise<void> {
    await this.hosted.ask((hook) => hook.report(roomId, failing));
  }

  /** Stores the failure of a room's question. */
  noteFailure(failure: BackendFailure): void {
    this.ctx.storage.kv.put(LAST_FAILURE, failure);
  }

  backendStatus(): BackendStatus {
    const lastFailure = this.ctx.storage.kv.get<BackendFailure>(LAST_FAILURE);
    return lastFailure === undefined ? {} : { lastFailure };
  }

  protected make(ports: ObjectPorts): Hook {
    this.report.woken();
    const { report: meter, log } = this;
    return new Hook(
      { ...ports, meter },
      {
        fingerprint: this.#outgoing?.fingerprint ?? '',
        reports: true,
        onHealthChange: (_, reason) =>
          log.event('warn', reason === undefined ? 'webhook works' : 'webhook fails', { reason }),
      },
    );
  }

  protected override get carryMs(): number {
    return HOOK_CARRY_MS;
  }

  /** Sends deliveries to the backend; without `WEBHOOK_URL` they wait. */
  protected override async carry(...attempt: Parameters<Carry>): ReturnType<Carry> {
    if (this.#outgoing === undefined) return [];
    const carry = hookCarrier({
      changes: (roomId, after) => this.#changes(roomId, after),
      eventsOf: this.#outgoing.eventsOf,
      hook: (work) => this.hosted.ask(work),
      post: posterOf(this.#outgoing),
      report: (roomId, failing) => this.env.HOOK.getByName(HOOK_STATUS).noteRoom(roomId, failing),
    });
    return carry(...attempt);
  }

  #changes(roomId: string, after: string): Promise<Result<Reply<'getChanges'>>> {
    const name = 'getChanges' as RequestName;
    return callRoom<Result>(async () =>
      this.env.ROOM.getByName(roomId).execute(HOOK_IDENTITY, name, {
        roomId,
        after,
      }),
    ) as Promise<Result<Reply<'getChanges'>>>;
  }

  get #roomId(): string {
    return this.ctx.id.name ?? '';
  }
}
