import { styleText } from 'node:util';
import type { Client } from '../src/client/index.ts';
import type { Conversation } from '../src/client/inbox.ts';
import { harmless, notice } from './chat-lines.ts';

/** Most conversations that are listed. */
const MAX_LISTED = 200;

/**
 * The user's conversations, a line each, pinned ones first, then by activity.
 * @throws Refused for guests, who have no inbox, and Error if the service does not answer
 */
export async function inboxLines(client: Client): Promise<string[]> {
  const inbox = await client.inbox();
  const lost = new Promise<never>((_, reject) => {
    inbox.on('status', (status) => {
      if (status.name !== 'waiting') return;
      reject(new Error(status.problem?.message ?? 'Parlor does not answer; try again.'));
    });
  });
  const asked = inbox.ask('getInbox', { limit: MAX_LISTED });
  const { conversations } = await Promise.race([asked, lost]);
  if (conversations.length === 0) return [notice('You are in no room yet; name one to enter it.')];
  return conversations.map(lineOf);
}

/** A room as `npm run chat` takes it, how many messages are unread, and the newest one. */
function lineOf({ roomId, with: other, unread, unreadMentions, last }: Conversation): string {
  const name = harmless(roomId) + (other === undefined ? '' : notice(` (${other.username})`));
  const mentions = unreadMentions > 0 ? `, ${countOf(unreadMentions)} to you` : '';
  const news = unread > 0 ? ` ${styleText('bold', `[${countOf(unread)} unread${mentions}]`)}` : '';
  const line = last === undefined ? '' : ` ${notice(`${last.sender}: ${last.excerpt}`)}`;
  return `${name}${news}${line}`;
}

function countOf(count: number): string {
  return count >= 100 ? '100+' : String(count);
}
