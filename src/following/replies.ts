import { memoizeByIdentity } from './memoize-by-identity.ts';

/** Lines that answer one connection: what it has asked, or its joining. */

export const JOINED = '["joined",';
export const ACK = '["ack",';

export function isReply(line: string): boolean {
  return line.startsWith(ACK) || line.startsWith(JOINED);
}

/** Whether any of the lines is a reply; looked at once for all who are given the same lines. */
export const holdReply = memoizeByIdentity((lines: readonly string[]) => lines.some(isReply));
