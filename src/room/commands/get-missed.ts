import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { missedPage } from '../messages/missed-page.ts';

/** A page of the messages that have changed since a position. */
export const getMissed: Handler<'getMissed'> = (context, payload) => ({
  reply: missedPage(context, payload.after, payload.limit ?? fixed.missedPage),
});
