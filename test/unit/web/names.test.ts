import { expect, test } from 'vitest';
import { foldName, nameKeys } from '../../../src/protocol/fold.ts';
import { moveChosen, nameBeingTyped } from '../../../web/src/mentions.ts';
import { joinNames, Names } from '../../../web/src/names.ts';

function namesOf(...all: string[]): Names {
  const names = new Names();
  for (const name of all) names.learn(`id of ${name}`, name);
  return names;
}

test.each([
  ['hi @Ann', ['Ann']],
  ['@Ann-Marie, and @C++ (x)', ['Ann-Marie', 'C++ (x)']],
  ['@Ann Lee wrote to @Ann.', ['Ann Lee', 'Ann']],
  ['@ann lee, @ANN! ＠Ann-marie', ['Ann Lee', 'Ann', 'Ann-Marie']],
  ['@Anna and mail@Ann', []],
  ['@Ann@social.example, @Ann_2', []],
  ['no mention', []],
])('%s mentions users whose whole name it contains, in any case', (text, mentioned) => {
  const names = namesOf('Ann', 'Ann Lee', 'Ann-Marie', 'C++ (x)');
  const { userIds } = names.mentionedIn(text);
  expect(userIds.toSorted()).toEqual(mentioned.map((name) => `id of ${name}`).toSorted());
});

test.each([
  ['你好@李雷请看', '李雷'],
  ['@李雷3点开会', '李雷'],
  ['@田中さん', '田中'],
  ['@김철수님', '김철수'],
  [`${'@김철수'.normalize('NFD')}님`, '김철수'],
  ['สวัสดี@สมชายครับ', 'สมชาย'],
  ['@Bob请看', 'Bob'],
  ['@アン、@アンドレさん', 'アン'],
  ['@アンドレさん', undefined],
  ['@रामा', undefined],
  ['@राम!', 'राम'],
  [`@${'José'.normalize('NFD')} hi`, 'José'],
  ['@JOSÉ', 'José'],
  ['@Jose', undefined],
  ['@Jose\u0301e', undefined],
  ['@ΓΙΏΡΓΟΣ', 'Γιώργος'],
  ['@עדי, שלום', 'עדי'],
  ['https://social.example/@Bob/1', undefined],
  ['https://social.example/@Bob。', undefined],
  ['a@Bob.example', undefined],
  ['é@Bob', undefined],
])('%s mentions %s: a name ends as its script ends words', (text, name) => {
  const names = namesOf(
    '李雷',
    '田中',
    '김철수',
    'สมชาย',
    'Bob',
    'アン',
    'राम',
    'José',
    'Γιώργος',
    'עדי',
  );
  const expected = name === undefined ? [] : [`id of ${name}`];
  expect(names.mentionedIn(text).userIds).toEqual(expected);
});

test('a first name mentions its user if it is unique', () => {
  const names = namesOf('Bob Hansen', 'Ann Lee', 'Ann Marie', 'Kim', 'Kim Lee');
  expect(names.mentionedIn('@bob, @Kim').userIds).toEqual(['id of Bob Hansen', 'id of Kim']);
  const { userIds, unclear } = names.mentionedIn('@Ann and @Zoë.');
  expect(userIds).toEqual([]);
  expect(unclear).toEqual([
    { from: 9, to: 13 },
    { from: 0, to: 4, isShared: true },
  ]);
});

test('of two users of the same name the selected one is mentioned, otherwise the one who is online', () => {
  const names = new Names();
  names.learn('first', 'Alex');
  names.learn('second', 'Alex');
  const chosen = [{ at: 3, userId: 'second', name: 'Alex' }];
  expect(names.mentionedIn('hi @Alex', chosen)).toEqual({ userIds: ['second'], unclear: [] });
  expect(names.mentionedIn('hi @Alex').userIds).toEqual([]);
  expect(names.mentionedIn('@Alex', [], (userId) => userId === 'second').userIds).toEqual([
    'second',
  ]);
  const both = names.mentionedIn('@Alex', [], () => true);
  expect(both).toEqual({ userIds: [], unclear: [{ from: 0, to: 5, isShared: true }] });
});

test('a selected user stays mentioned while the text around their name changes', () => {
  const chosen = [{ at: 3, userId: 'u', name: 'Alex' }];
  const moved = (after: string) => moveChosen(chosen, 'hi @Alex and', after).map(({ at }) => at);
  expect(moved('hi there @Alex and')).toEqual([9]);
  expect(moved('hi @Alex and more')).toEqual([3]);
  expect(moved('hi @Alexa and')).toEqual([3]);
  expect(moved('hi @Alx and')).toEqual([]);
  expect(moved('')).toEqual([]);
  const names = namesOf('Alexa');
  expect(names.mentionedIn('hi @Alexa and', chosen).userIds).toEqual(['id of Alexa']);
});

test.each([
  ['@', ''],
  ['hi @An', 'An'],
  ['你好@李', '李'],
  ['สวัสดี@', ''],
  ['＠田', '田'],
  ['@Bob Ha', 'Bob Ha'],
  ['mail@An', undefined],
  ['https://social.example/@b', undefined],
  ['@Ann\nnext', undefined],
])('in %j the name %j is being typed', (before, begun) => {
  expect(nameBeingTyped(before)).toBe(begun);
});

test.each([
  ['josé', 'Pérez José María'],
  ['jose', 'José'],
  ['maria', 'José María'],
  ['bob ha', 'Bob Hansen'],
  ['han', 'Bob Hansen'],
  ['VISITOR-2', 'visitor-21'],
  ['ﾕｰｻﾞｰ', 'ユーザー'],
  ['Ελ', 'Έλλη'],
  ['기', '김철수'],
])('%s begins a word of %s', (begun, name) => {
  expect(nameKeys(name).some((key) => key.startsWith(foldName(begun)))).toBe(true);
});

test.each([
  ['ansen', 'Bob Hansen'],
  ['म', 'राम'],
])('%s begins no word of %s', (begun, name) => {
  expect(nameKeys(name).some((key) => key.startsWith(foldName(begun)))).toBe(false);
});

test.each([
  [['Ann'], 0, 'Ann'],
  [['Ann', 'Ben'], 0, 'Ann and Ben'],
  [['Ann', 'Ben', 'Kim', 'Lee'], 0, 'Ann, Ben, Kim and 1 other'],
  [['Ann'], 2, 'Ann and 2 others'],
  [[], 1, '1 other'],
])('%j and %i more are listed in plain language', (names, others, line) => {
  expect(joinNames(names, others)).toBe(line);
});
