import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { assertRank } from '../access/access.ts';

/** A page of the audit log, newest entry first, for moderators and those above. */
export const getAudit: Handler<'getAudit'> = ({ audit, access }, payload) => {
  assertRank(access, 'moderator');
  const { before = Number.MAX_SAFE_INTEGER, limit = fixed.auditPage } = payload;
  const acts = audit.before(before, limit + 1);
  return { reply: { acts: acts.slice(0, limit), hasMore: acts.length > limit } };
};
