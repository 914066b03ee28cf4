import type { Handler } from '../context.ts';
import { assertAdmin } from '../access/access.ts';

/** Updates the inboxes of all members, in steps: for a room that has slept since before inboxes existed. */
export const tellRoom: Handler<'tellRoom'> = ({ access, sentStates, state }) => {
  assertAdmin(access);
  if (state.createdAt > 0) sentStates.markAll();
  return { reply: {} };
};
