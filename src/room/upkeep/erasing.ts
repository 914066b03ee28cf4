import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import { nameOfId } from '../../protocol/text.ts';
import { deleteBytes } from '../files/deliver.ts';
import { evaluate } from '../inbox-updates/evaluate.ts';
import type { Draft } from '../../protocol/app-room.ts';
import { recounted } from '../own/per-user.ts';
import { composeData, replaceData } from '../own/replace-data.ts';
import { removeDependents } from '../messages/remove-dependents.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import type { UpkeepTask } from './tasks.ts';
import type { Erasure } from '../storage/erasures.ts';

/** Erases users one after the other. */
export const erasing: UpkeepTask = {
  dueAt: ({ erasures, now }) => (erasures.first() === undefined ? undefined : now),
  step: (context) => {
    const erasure = context.erasures.first();
    return erasure === undefined ? [] : eraseStep(context, erasure);
  },
};

/** One step of an erasure. Each is complete in itself: the room stays usable in between. */
interface Step {
  context: UpkeepContext;
  userId: string;
  by: string;
  /** Rows that this step may still change. */
  left: number;
  broadcasts: Effect[];
}

/**
 * Continues an erasure: at most 500 rows, or some pages of the search index. The next step is due at
 * once.
 */
export function eraseStep(context: UpkeepContext, erasure: Erasure): readonly Effect[] {
  const { phase, userId, by } = erasure;
  const { erasures, search } = context;
  if (phase === 'rows' && userId !== null) return eraseRows(context, erasure, userId, by);
  if (phase === 'index' || phase === 'rewriting') {
    const hasMore = search.rewrite(phase === 'index');
    if (hasMore) erasures.enter('rewriting', erasure);
    else erasures.indexed(erasure);
  }
  return [{ type: 'reclaimSpace' }, { type: 'wake' }];
}

function eraseRows(
  context: UpkeepContext,
  erasure: Erasure,
  userId: string,
  by: string,
): readonly Effect[] {
  const step: Step = { context, userId, by, left: fixed.stepRows, broadcasts: [] };
  eraseMessages(step);
  eraseMentions(step);
  context.sentStates.markAll();
  eraseReactions(step);
  eraseActs(step);
  eraseFiles(step);
  eraseValues(step);
  if (step.left > 0) {
    eraseMember(step);
    context.search.beginRewrite();
    context.erasures.enter('index', erasure);
  }
  const rest: Effect[] = [...step.broadcasts, { type: 'wake' }];
  if (step.left <= 0) return rest;
  // A user who came back since the erasure began was let in as a member.
  const audience = { to: 'user' as const, userId };
  return [{ type: 'forgetReceipt', userId }, { type: 'recheckAccess', audience }, ...rest];
}

function eraseMessages(step: Step): void {
  const { messages } = step.context;
  for (const message of messages.of(step.userId, step.left)) {
    step.broadcasts.push(...removeDependents(step.context, message));
    change(step, message.seq, (rev, timestamp) => messages.erase(message.seq, rev, timestamp));
  }
}

function eraseMentions(step: Step): void {
  const { messages, mentions } = step.context;
  for (const seq of mentions.seqsOf(step.userId, step.left)) {
    mentions.remove(seq, [step.userId]);
    const kept = messages.find(seq)?.mentions?.filter((userId) => userId !== step.userId) ?? [];
    change(step, seq, (rev) => messages.setMentions(seq, rev, kept));
  }
}

function eraseReactions(step: Step): void {
  const { messages, reactions } = step.context;
  const found = Map.groupBy(reactions.of(step.userId, step.left), ({ seq }) => seq);
  for (const [seq, own] of found) {
    const counts = { ...messages.find(seq)?.reactions };
    for (const { emoji } of own) {
      reactions.remove(seq, emoji, step.userId);
      const count = (counts[emoji] ?? 1) - 1;
      if (count > 0) counts[emoji] = count;
      else delete counts[emoji];
    }
    change(step, seq, (rev) => messages.setReactions(seq, rev, counts));
  }
}

/** Erases files that no message names, and the count of the user's uploads. */
function eraseFiles(step: Step): void {
  if (step.left <= 0) return;
  const keys = step.context.files.removeUnsentOf(step.userId, step.left);
  step.context.files.forgetUse(step.userId);
  step.broadcasts.push(...deleteBytes(keys));
  step.left -= keys.length;
}

/**
 * Erases the values that the application's commands stored for the user, and takes them out of
 * messages' data.
 */
function eraseValues(step: Step): void {
  const { perUser, messages } = step.context;
  if (step.left <= 0) return;
  for (const { seq, value } of perUser.of(step.userId, step.left)) {
    perUser.remove(seq, step.userId);
    step.left--;
    const message = messages.find(seq);
    const draft = message && value !== undefined && dataWithout(step.context, message, value);
    if (message === undefined || !draft) continue;
    const changed = replaceData(step.context, message, draft);
    const payload = { ...changed.message, change: 'erased' as const, by: step.by };
    step.broadcasts.push({
      type: 'broadcast',
      event: { name: 'messageUpdated', payload },
      audience: { to: 'everyone' },
      position: changed.position,
    });
  }
}

/**
 * The draft that the application makes of a message without a user's value. If that fails, the erasure
 * goes on: the value itself is gone, and the defect is logged once.
 * @returns undefined when the message stays as it is
 */
function dataWithout(context: UpkeepContext, message: Message, value: unknown): Draft | undefined {
  try {
    const data = recounted(context, message, value, undefined);
    return data && composeData(context, message, data);
  } catch (error) {
    context.log.failure(`count of the kind ${message.kind}`, error);
    return undefined;
  }
}

/** Anonymises audit entries about the user; a deleted message's row names the user who deleted it, too. */
function eraseActs(step: Step): void {
  const { audit, messages, incoming } = step.context;
  if (step.left <= 0) return;
  incoming.forgetMaker(step.userId);
  for (const act of audit.involving(step.userId, step.left)) {
    audit.forget(act, step.userId);
    if (act.seq !== undefined) messages.forgetDeleter(act.seq, step.userId);
    step.left--;
  }
}

function eraseMember({ context, userId, by, broadcasts }: Step): void {
  const { members, room, roomId, presence, sentStates } = context;
  const known = members.find(userId);
  members.remove(userId);
  evaluate(context, userId, true);
  // The user's own choices go, too. Without a row, the inbox is sent that the conversation is gone.
  sentStates.remove(userId);
  if (known === undefined) return;
  if (known.role !== 'none') room.countMembers(-1, false);
  const online = presence.has(userId);
  const username = nameOfId(userId);
  const payload = { roomId, userId, username, role: 'none' as const, online, by };
  broadcasts.push({
    type: 'broadcast',
    event: { name: 'memberUpdated', payload },
    audience: { to: 'everyone' },
  });
}

/** Changes a message under a new `rev`, so that resuming clients get the change. */
function change(step: Step, seq: number, write: (rev: number, timestamp: number) => void): void {
  const { room, messages } = step.context;
  const { rev, timestamp, position } = room.change();
  write(rev, timestamp);
  step.left--;
  const message: Message | undefined = messages.find(seq);
  if (message === undefined) return;
  const payload = { ...message, change: 'erased' as const, by: step.by };
  step.broadcasts.push({
    type: 'broadcast',
    event: { name: 'messageUpdated', payload },
    audience: { to: 'everyone' },
    position,
  });
}
