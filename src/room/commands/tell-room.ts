import type { Handler } from '../context.ts';
import { assertAdmin } from '../access/access.ts';

/** Compares and updates the inboxes of all members, in steps: a room that has slept since before there were inboxes. */
export const tellRoom: Handler<'tellRoom'> = ({ access, sentStates, state }) => {
  assertAdmin(access);
  if (state.createdAt > 0) sentStates.markAll();
  return { reply: {} };
};
