import type { Limits } from '../../protocol/codes/limits.ts';

/** What the host knows of a connection's unsent bytes. */
export interface Backlog {
  /** Bytes handed over and not yet taken by the network, where the host can tell. */
  buffered: number | undefined;
  /** Bytes sent since the client's last sign of life. */
  sentSinceSign: number;
  /** How long that sign is past, in milliseconds. */
  signAgoMs: number;
}

/** Clients give a sign of life every 25 s; one that is later than that may be stuck. */
const LATE_MS = 26_000;
const SILENT_MS = 30_000;

/**
 * Whether a connection keeps up. `slow`: drop what is ephemeral. `tooSlow`: send it away to resume.
 * Where the host does not know what is buffered, silence while much was sent decides.
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
