import type { Handler } from '../context.ts';
import { unavailable } from '../../protocol/codes/errors.ts';
import { assertAdmin } from '../access/access.ts';
import { currentState } from '../inbox-updates/state.ts';

/** The state of a user's conversation with exact counts, for their inbox, which may also ask to watch. */
export const getConversation: Handler<'getConversation'> = (context, { userId, watchMs }) => {
  assertAdmin(context.access);
  if (context.state.importing) throw unavailable();
  const conversation = currentState(context, userId);
  if (watchMs === undefined || conversation.gone === true) return { reply: { conversation } };
  const until = context.now + watchMs;
  return { reply: { conversation }, effects: [{ type: 'watch', userId, until }] };
};
