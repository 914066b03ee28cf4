import type { Handler } from '../context.ts';
import { assertAdmin } from '../access/access.ts';

/** Has all members looked at, in steps: a room that has slept since before there were inboxes. */
export const tellRoom: Handler<'tellRoom'> = ({ access, told, state }) => {
  assertAdmin(access);
  if (state.createdAt > 0) told.markAll();
  return { reply: {} };
};
