import { fixed } from '../../protocol/codes/limits.ts';
import { formatPosition, parsePosition, START } from '../../protocol/position.ts';
import { assertAdmin } from '../access/access.ts';
import type { Handler } from '../context.ts';
import { missedPage } from '../messages/missed-page.ts';

/**
 * A page of changes for the outgoing webhook; from the beginning when the position is of another epoch
 * or ahead of the room. A streaming message is left out: when it ends it gets a new `rev`.
 */
export const getChanges: Handler<'getChanges'> = (context, { after }) => {
  assertAdmin(context.access);
  const { epoch, horizon } = context.state;
  const asked = missedPage(context, after, fixed.hookPage);
  const isReset = asked.reset === true;
  const page = isReset ? missedPage(context, formatPosition(START), fixed.hookPage) : asked;
  const from = isReset ? START.rev : (parsePosition(after) ?? START).rev;
  const reply = {
    epoch,
    from,
    to: parsePosition(page.position)?.rev ?? from,
    changes: page.messages.filter(({ streaming }) => streaming !== true),
    hasMore: !page.complete,
    horizon,
  };
  return { reply: isReset ? { ...reply, reset: true } : reply };
};
