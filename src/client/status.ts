import type { Problem } from '../protocol/codes/errors.ts';

/** Whether the room can be reached. */
export type Status =
  /** Left, or not yet joined. */
  | { name: 'left' }
  | { name: 'connecting' }
  | { name: 'open' }
  /** The connection is lost and will be made again; `problem` is the last one that the server sent. */
  | { name: 'waiting'; problem?: Problem | undefined }
  /** It will not be made again until `join` is called. */
  | { name: 'ended'; code: number; problem: Problem };
