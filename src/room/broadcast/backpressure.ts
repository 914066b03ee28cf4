import type { Limits } from '../../protocol/codes/limits.ts';

/** What the host knows of a connection's unsent bytes. */
export interface Backlog {
  /** Bytes handed over that the network has not taken yet; undefined where the host cannot tell. */
  buffered: number | undefined;
  /** Bytes sent since the client's last sign of life. */
  sentSinceSign: number;
  /** Milliseconds since that sign of life. */
  signAgoMs: number;
}

/** Clients give a sign of life every 25 s; one that is later than that may be stuck. */
const LATE_MS = 26_000;
const SILENT_MS = 30_000;

/**
 * Whether a connection keeps up. `slow`: drop ephemeral frames. `tooSlow`: close it, so that its client
 * resumes. Where the host cannot tell what is buffered, a client counts as slow when much was sent
 * since its last sign of life and that sign is overdue.
 */
export function backpressure(
  { buffered, sentSinceSign, signAgoMs }: Backlog,
  { unsentBytes }: Limits,
): 'keepsUp' | 'slow' | 'tooSlow' {
  if (buffered !== undefined) {
    if (buffered > unsentBytes) return 'tooSlow';
    return buffered > unsentBytes / 2 ? 'slow' : 'keepsUp';
  }
  if (sentSinceSign <= unsentBytes) return 'keepsUp';
  if (signAgoMs > SILENT_MS) return 'tooSlow';
  return signAgoMs > LATE_MS ? 'slow' : 'keepsUp';
}
