import { closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Meter } from '../src/room/ports.ts';
import { Room } from '../src/room/room.ts';
import { type FileOptions, HostedFile } from './hosted-file.ts';
import type { NodeConnection } from './node-connection.ts';

/** What the node host counts of its rooms beside what they count themselves. */
export interface NodeMeter extends Meter {
  woken(): void;
  /** A flush has stored and handed out; both in milliseconds. */
  stored(commitMs: number, waitedMs: number): void;
}

export interface NodeRoomOptions extends Pick<FileOptions<Room>, 'file' | 'host' | 'askWakeup'> {
  roomId: string;
  /** As the room's ports have it. */
  firstEpoch: string;
  limits: Limits;
  meter: NodeMeter | undefined;
}

/** One room in its file, and its connections, which outlive the Room. */
export class NodeRoom extends HostedFile<Room> {
  readonly connections = new Set<NodeConnection>();

  constructor({ roomId, firstEpoch, limits, meter, ...options }: NodeRoomOptions) {
    super({
      ...options,
      listeners: () => this.connections.size,
      closeConnections: () => this.#closeConnections(),
      make: (ports) => {
        meter?.woken();
        const roster = { connections: () => this.connections };
        return new Room(
          roomId,
          { ...ports, firstEpoch, roster, ...(meter !== undefined && { meter }) },
          limits,
        );
      },
    });
  }

  #closeConnections(): void {
    const everyone = [...this.connections];
    // A link reports at once that it has ended.
    this.connections.clear();
    for (const connection of everyone) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
  }
}
