import { application as current } from '../src/app/current.ts';
import type { HostLog } from '../src/observability/logger.ts';
import type { Configuration } from './configuration.ts';
import { lockData } from './data-lock.ts';
import { Listeners } from './listeners.ts';
import type { NodeRooms } from './node-rooms.ts';
import { Router } from './router.ts';
import { servicesOf } from './services.ts';
import { sweepDaily } from './sweep-files.ts';

export interface RunningServer {
  port: number;
  rooms: NodeRooms;
  /** Closes every connection with 4000, stores what is due and releases the data folder. */
  close(): Promise<void>;
}

/**
 * Starts the node host: three transports over one set of rooms.
 * @throws Error with one sentence for the operator
 */
export async function startServer(
  configuration: Configuration,
  log: HostLog,
  application = current,
): Promise<RunningServer> {
  const { settings, addresses } = configuration;
  const lock = lockData(settings.DATA_DIR);
  const services = servicesOf(configuration, log, application);
  const { rooms, inboxes, hooks, disk, socketIo, metrics } = services;
  const endSweeps = sweepDaily(settings.DATA_DIR, disk, log);
  const listeners = new Listeners(new Router(services), services);
  const closeRooms = () => {
    listeners.stop();
    socketIo.close();
    // Rooms before inboxes: a room's last delivery may still reach an inbox.
    rooms.close();
    inboxes.close();
    hooks?.close();
  };
  const release = () => {
    endSweeps();
    metrics.close();
    lock.release();
  };
  try {
    const port = await listeners.listen(settings.PORT, addresses);
    return {
      port,
      rooms,
      async close() {
        closeRooms();
        await listeners.drain();
        release();
      },
    };
  } catch (error) {
    closeRooms();
    release();
    throw error;
  }
}
