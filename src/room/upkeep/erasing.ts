import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import { nameOfId } from '../../protocol/text.ts';
import { removeDependents } from '../messages/remove-dependents.ts';
import type { Outcome, RoomEvent, UpkeepContext } from '../context.ts';
import type { Erasure } from '../storage/erasures.ts';

/** One step of taking a person out. Each is whole in itself; the room stays usable in between. */
interface Step {
  context: UpkeepContext;
  userId: string;
  by: string;
  /** Rows that may still be changed. */
  left: number;
  position: string | undefined;
  tell: RoomEvent[];
}

/** Goes on with an erasure: at most 500 rows, or some pages of the search index. */
export function eraseStep(context: UpkeepContext, erasure: Erasure): Outcome<object> {
  const { phase, userId, by } = erasure;
  const { erasures, search } = context;
  if (phase === 'rows' && userId !== null) return eraseRows(context, erasure, userId, by);
  if (phase === 'index' || phase === 'rewriting') {
    const hasMore = search.rewrite(phase === 'index');
    if (hasMore) erasures.enter('rewriting', erasure);
    else erasures.indexed(erasure);
  }
  return { reply: {}, wake: true, frees: true };
}

function eraseRows(
  context: UpkeepContext,
  erasure: Erasure,
  userId: string,
  by: string,
): Outcome<object> {
  const step: Step = { context, userId, by, left: fixed.stepRows, position: undefined, tell: [] };
  eraseMessages(step);
  eraseMentions(step);
  eraseReactions(step);
  eraseActs(step);
  if (step.left > 0) {
    eraseMember(step);
    context.search.beginRewrite();
    context.erasures.enter('index', erasure);
  }
  const { position, tell } = step;
  return {
    reply: {},
    tell,
    wake: true,
    ...(position !== undefined && { position }),
    // One who came back meanwhile was still on the list that let them in.
    ...(step.left > 0 && { recheck: { userId }, unread: { userId } }),
  };
}

function eraseMessages(step: Step): void {
  const { messages } = step.context;
  for (const message of messages.of(step.userId, step.left)) {
    removeDependents(step.context, message);
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

/** Whom one deleted messages of stands with the messages too. */
function eraseActs(step: Step): void {
  const { audit, messages } = step.context;
  if (step.left <= 0) return;
  for (const act of audit.involving(step.userId, step.left)) {
    audit.forget(act, step.userId);
    if (act.seq !== undefined) messages.forgetDeleter(act.seq, step.userId);
    step.left--;
  }
}

function eraseMember({ context, userId, by, tell }: Step): void {
  const { members, room, roomId, presence } = context;
  const known = members.find(userId);
  if (known === undefined) return;
  members.remove(userId);
  if (known.role !== 'none') room.countMembers(-1, false);
  const online = presence.has(userId);
  const username = nameOfId(userId);
  tell.push({
    name: 'memberUpdated',
    payload: { roomId, userId, username, role: 'none', online, by },
  });
}

/** Changes a message under a new `rev`, so that whoever comes back hears of it. */
function change(step: Step, seq: number, write: (rev: number, timestamp: number) => void): void {
  const { room, messages } = step.context;
  const { rev, timestamp, position } = room.change();
  write(rev, timestamp);
  step.position = position;
  step.left--;
  const message: Message | undefined = messages.find(seq);
  if (message === undefined) return;
  step.tell.push({
    name: 'messageUpdated',
    payload: { ...message, change: 'erased', by: step.by },
  });
}
