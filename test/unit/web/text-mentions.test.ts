import { expect, test } from 'vitest';
import { Names } from '../../../web/src/names.ts';
import { TextMentions } from '../../../web/src/text-mentions.ts';
import type { Message } from '../../../src/protocol/objects.ts';

const you = {
  userId: 'me',
  username: 'Alex',
  role: 'member',
  readUpTo: 0,
  unread: 0,
  unreadMentions: 0,
} as const;

function mentionsOf(...here: string[]): TextMentions {
  const names = new Names();
  const people = { me: 'Alex', other: 'Alex', ann: 'Ann', ben: 'Ben Hansen' };
  for (const [userId, name] of Object.entries(people)) names.learn(userId, name);
  const online = here.map((userId) => ({ userId, username: names.of(userId) ?? '' }));
  return new TextMentions({ state: { online, you } }, names);
}

test('of two users of the same name, a user mentions the other', () => {
  expect(mentionsOf('me', 'other').idsIn('@Alex', 0)).toEqual(['other']);
});

test('a part of a text mentions the users selected in it', () => {
  const mentions = mentionsOf();
  const text = 'one\n@Alex';
  mentions.set(text, []);
  mentions.choose({ userId: 'other', name: 'Alex' }, 4);
  expect(mentions.idsIn('@Alex', 4)).toEqual(['other']);
  mentions.follow(`more ${text}`);
  expect(mentions.isChosen(9)).toBe(true);
});

test('an edit mentions the users in its text, and those whom the message mentioned without naming', () => {
  const mentions = mentionsOf();
  const message = 'hi @Ann and @Alex';
  const original = { message, mentions: ['ann', 'other', 'by-a-program'] } as Message;
  const named = mentions.namedBy(original);
  expect(named).toEqual([
    { at: 3, userId: 'ann', name: 'Ann' },
    { at: 12, userId: 'other', name: 'Alex' },
  ]);
  mentions.set(message, named);
  const edited = 'hi @ben and @Alex';
  mentions.follow(edited);
  expect(mentions.idsAfterEdit(original, edited)).toEqual(['by-a-program', 'ben', 'other']);
});
