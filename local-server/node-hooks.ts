import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HOOK_CARRY_MS, HOOK_IDENTITY, hookCarrier } from '../src/hooks/carry-hook.ts';
import { Hook, type HookedRoomStatus, type HookSummary } from '../src/hooks/hook.ts';
import type { HookDirectory } from '../src/hooks/hook-directory.ts';
import type { OutgoingHook } from '../src/hooks/outgoing.ts';
import { posterOf } from '../src/hooks/post.ts';
import type { RoomDirectory } from '../src/host/room-directory.ts';
import type { HostLog } from '../src/observability/logger.ts';
import { unavailable } from '../src/protocol/codes/errors.ts';
import { HostedFile } from './hosted-file.ts';
import { HostedFiles } from './hosted-files.ts';
import type { NodeMeter } from './node-room.ts';
import type { Durability } from './sqlite-file.ts';

export interface NodeHooksOptions {
  dataDir: string;
  durability: Durability;
  outgoing: OutgoingHook;
  log: HostLog;
  meter?: NodeMeter | undefined;
  /** How the webhook reads rooms. */
  rooms: Pick<RoomDirectory, 'execute'>;
}

/** Key of the only file. */
const KEY = 'hook';

const IDLE_MS = 30_000;

/** The file in which the outgoing webhook keeps how far the backend has come. */
export function hookPath(dataDir: string): string {
  return join(dataDir, 'hook.sqlite');
}

/** The outgoing webhook of all rooms of this process, in a file of its own. */
export class NodeHooks implements HookDirectory {
  readonly eventsOf: HookDirectory['eventsOf'];
  readonly #files: HostedFiles<Hook, HostedFile<Hook>>;
  #isClosed = false;

  constructor({ dataDir, durability, outgoing, log, meter, rooms }: NodeHooksOptions) {
    this.eventsOf = outgoing.eventsOf;
    const carry = hookCarrier({
      changes: (roomId, after) =>
        rooms.execute(roomId, HOOK_IDENTITY, 'getChanges', { roomId, after }),
      eventsOf: outgoing.eventsOf,
      hook: (work) => this.#ask(work),
      post: posterOf(outgoing),
    });
    const path = hookPath(dataDir);
    this.#files = new HostedFiles<Hook, HostedFile<Hook>>({
      pathOf: () => path,
      wakeupsPath: join(dataDir, 'hook-wakeups.sqlite'),
      durability,
      maxOpen: 1,
      idleMs: IDLE_MS,
      host: { batchDelayMs: 0, log, meter, carry, carryMs: HOOK_CARRY_MS },
      make: (_, parts) =>
        new HostedFile<Hook>({
          ...parts,
          make: (ports) =>
            new Hook(
              { ...ports, ...(meter !== undefined && { meter }) },
              {
                fingerprint: outgoing.fingerprint,
                reports: false,
                onHealthChange: (room, reason) => {
                  const event = reason === undefined ? 'webhook works' : 'webhook fails';
                  log.event?.('warn', event, { room, reason });
                },
              },
            ),
        }),
    });
    // Sends what a crash has left, and what waited for other settings.
    if (existsSync(path)) void this.#ask((hook) => hook.wake()).catch(() => undefined);
  }

  /** Takes a room's deliveries; resolves when they are stored. */
  async enqueue(
    roomId: string,
    deliveries: readonly { key: string; body: string }[],
  ): Promise<void> {
    await this.#ask((hook) => hook.enqueue(roomId, deliveries));
  }

  async replay(roomId: string, position: string): Promise<void> {
    await this.#ask((hook) => hook.replay(roomId, position));
  }

  async status(roomId: string): Promise<HookedRoomStatus> {
    return this.#ask((hook) => hook.statusOf(roomId));
  }

  async summary(): Promise<HookSummary> {
    return this.#ask((hook) => hook.summary());
  }

  close(): void {
    this.#isClosed = true;
    this.#files.close();
  }

  async #ask<T>(work: (hook: Hook) => T): Promise<T> {
    // A request may still be under way when the host stops.
    if (this.#isClosed) throw unavailable();
    return this.#files.of(KEY).ask(work);
  }
}
