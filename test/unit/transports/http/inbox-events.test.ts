import { expect, onTestFinished, test } from 'vitest';
import type { ConversationState } from '../../../../src/protocol/inbox-objects.ts';
import { httpApp } from '../../../support/http-app.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { tokenFor } from '../../../support/tokens.ts';

/** The inbox of Ann, and the events of its stream. */
async function inboxOfAnn(env: Record<string, string> = {}) {
  const { app, rooms, inboxes } = httpApp(undefined, temporaryFolder(), env);
  onTestFinished(() => {
    inboxes.close();
    rooms.close();
  });
  const headers = {
    authorization: `Bearer ${await tokenFor('ann')}`,
    accept: 'text/event-stream',
  };
  let version = 0;
  /** Stores states of rooms, as if the rooms had sent them. */
  const take = (roomIds: readonly string[], more: Partial<ConversationState> = {}) =>
    inboxes.carry(
      'ann',
      roomIds.map((key) => {
        const state = stateOf(++version, more);
        return { target: 'inbox:ann', key, version, attempt: 0, body: JSON.stringify(state) };
      }),
    );
  /** The events of a stream from a position on, up to the first live one, or its end. */
  const missed = async (since: string): Promise<string[]> => {
    const { body } = await app.request(`/inbox/events?since=${since}`, { headers });
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body!) {
      text += decoder.decode(chunk, { stream: true });
      if (/(^|\n\n)id: \S+\n\n$/.test(text)) break;
    }
    return text.split('\n\n').slice(0, -1);
  };
  return { take, missed };
}

function stateOf(version: number, more: Partial<ConversationState>): ConversationState {
  return {
    version,
    asOf: version,
    kind: 'room',
    role: 'member',
    readUpTo: 0,
    unread: 0,
    unreadMentions: 0,
    notify: 'none',
    at: version,
    ...more,
  };
}

test('[FOLL1] a stream of an inbox that breaks after any of its events resumes without a loss', async () => {
  const { take, missed } = await inboxOfAnn();
  await take(['left', 'kept']);
  await take(['left'], { gone: true });
  await take(['kept']);
  const events = await missed('0:0');
  const names = (from: readonly string[]) =>
    from.flatMap((event) => /event: (\w+)/.exec(event)?.[1] ?? []).toSorted();
  expect(names(events)).toEqual(['conversationRemoved', 'conversationUpdated']);
  for (const at of events.keys()) {
    const before = events.slice(0, at);
    const lastId = before.flatMap((event) => /^id: (\S+)/.exec(event)?.[1] ?? []).at(-1) ?? '0:0';
    const all = [...before, ...(await missed(lastId))];
    expect([at, ...new Set(names(all))]).toEqual([at, ...names(events)]);
  }
});

test('[FOLL3] a stream of an inbox brings what was missed, however much it is', async () => {
  const { take, missed } = await inboxOfAnn({ COMMAND_BURST: '10' });
  const roomIds = Array.from({ length: 250 }, (_, at) => `room-${at}`);
  await take(roomIds);
  const events = await missed('0:0');
  const updated = events.flatMap((event) => /"roomId":"([^"]+)"/.exec(event)?.[1] ?? []);
  expect(updated).toEqual(roomIds);
});
