import type { HostLog } from './logger.ts';

/** Logs when the backend that decides about texts begins to fail, and when it answers again. */
export function logBackendHealth(log: HostLog): (reason: string | undefined) => void {
  return (reason) => {
    const event = reason === undefined ? 'before-message works' : 'before-message fails';
    log.event?.('warn', event, { reason });
  };
}
