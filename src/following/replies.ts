import { isReply } from '../protocol/frames.ts';
import { memoizeByIdentity } from './memoize-by-identity.ts';

/** Whether any of the lines is a reply; looked at once for all who are given the same lines. */
export const holdReply = memoizeByIdentity((lines: readonly string[]) => lines.some(isReply));
