import type { Handler } from '../context.ts';
import { assertAdmin } from '../access/access.ts';
import { noticeOf } from '../inbox-updates/notice.ts';

/** What a user is to be notified of now, for their inbox, which sends it as a push. */
export const getNotice: Handler<'getNotice'> = (context, { userId }) => {
  assertAdmin(context.access);
  const notice = noticeOf(context, userId);
  return { reply: notice === undefined ? {} : { notice } };
};
