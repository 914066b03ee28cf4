import type { HostLog } from './logger.ts';

/** Says in the log when the backend begins to fail at deciding about texts, and when it answers again. */
export function noteBackend(log: HostLog): (reason: string | undefined) => void {
  return (reason) => {
    const event = reason === undefined ? 'before-message works' : 'before-message fails';
    log.event?.('warn', event, { reason });
  };
}
