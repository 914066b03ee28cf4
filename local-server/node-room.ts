import type { Limits } from '../src/protocol/codes/limits.ts';
import type { HookEvent } from '../src/protocol/hook-requests.ts';
import type { Application } from '../src/room/application.ts';
import { type BeforeMessage, judgeOf } from '../src/hooks/before-message.ts';
import type { Meter } from '../src/room/ports.ts';
import { Room } from '../src/room/room.ts';
import { type FileMeter, type FileOptions, HostedFile } from './hosted-file.ts';
import type { NodeConnection } from './node-connection.ts';

/** What the Node host counts of its rooms in addition to what they count themselves. */
export interface NodeMeter extends Meter, FileMeter {
  woken(): void;
  /** An attempt at a push to a browser has ended. */
  pushed(outcome: 'delivered' | 'delayed' | 'failed' | 'gone'): void;
}

export interface NodeRoomOptions extends Omit<FileOptions<Room>, 'make'> {
  roomId: string;
  /** As the room's ports have it. */
  firstEpoch: string;
  limits: Limits;
  meter: NodeMeter | undefined;
  hasInboxes: boolean;
  application: Application;
  hookEvents: ReadonlySet<HookEvent>;
  /** Asked before texts are stored. */
  beforeMessage: BeforeMessage | undefined;
}

/** One room in its file. */
export class NodeRoom extends HostedFile<Room, NodeConnection> {
  constructor({
    roomId,
    firstEpoch,
    limits,
    meter,
    hasInboxes,
    application,
    hookEvents,
    beforeMessage,
    ...options
  }: NodeRoomOptions) {
    // An answer does not open the file of a room that is no longer in memory.
    const judge = judgeOf(beforeMessage, (id, answer) => {
      if (this.isInMemory) this.queue((room) => room.decided(id, answer));
    });
    super({
      ...options,
      make: (ports) => {
        meter?.woken();
        const roster = { connections: () => this.connections };
        const host = {
          firstEpoch,
          roster,
          hasInboxes,
          application,
          hookEvents,
          judge,
          ...(meter !== undefined && { meter }),
        };
        return new Room(roomId, { ...ports, ...host }, limits);
      },
    });
  }
}
