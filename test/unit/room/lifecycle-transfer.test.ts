import { expect, it } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import { admin, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');
const carol = person('carol');

/** A room with every kind of content. */
function lived(): RoomAtHand {
  const room = new RoomAtHand('moving');
  const anna: Identity = { userId: 'anna' };
  room.ask(alice, 'message', {
    message: 'hello\nworld "\u2028" 🎉',
    meta: { b: 1, a: [{}, null] },
  });
  room.ask(bob, 'message', { message: 'hi', replyTo: 1, mentions: ['alice', 'bob', 'carol'] });
  room.ask(anna, 'message', { message: 'hey', sender: 'Anna', id: 'a-1' });
  for (const who of [carol, alice, bob]) room.ask(who, 'addReaction', { seq: 1, emoji: '🎉' });
  for (const who of [bob, alice]) room.ask(who, 'addReaction', { seq: 1, emoji: '👍' });
  room.now += 1_000;
  room.ask(bob, 'editMessage', { seq: 2, message: 'hi there' });
  room.ask(anna, 'deleteMessage', { seq: 3 });
  room.ask(carol, 'message', { message: 'rude' });
  room.ask(alice, 'deleteMessage', { seq: 11, note: 'rude' });
  room.ask(alice, 'setRole', { userId: 'bob', role: 'moderator' });
  room.ask(alice, 'banMember', { userId: 'dave', note: 'spam' });
  room.ask(alice, 'muteMember', { userId: 'carol', seconds: 3_600 });
  room.ask(alice, 'kickMember', { userId: 'anna', seconds: 30 });
  room.ask(bob, 'markRead', { readUpTo: 3 });
  for (const seq of [2, 1]) room.ask(bob, 'pinMessage', { seq });
  room.ask(alice, 'updateRoom', {
    topic: 'all things',
    private: true,
    slowModeSeconds: 5,
    retentionDays: 30,
  });
  return room;
}

/** An export's text in which `change` has rewritten the lines of one type. */
function rewritten(text: string, type: string, change: (line: Record<string, unknown>) => object) {
  const lines = text.split('\n').slice(0, -1);
  const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const made = read.map((line) => (line['type'] === type ? { ...line, ...change(line) } : line));
  return made.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Imports a text in batches of `linesAtOnce` lines. */
function importInto(room: RoomAtHand, text: string, linesAtOnce = 1_000): boolean {
  const lines = text.split('\n').slice(0, -1);
  let done = false;
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    const part = lines.slice(at, at + linesAtOnce).join('\n');
    ({ done } = room.ask(admin, 'importRoom', { text: part, line: at + 1 }));
  }
  return done;
}

it('an imported room exports the same text, byte for byte', () => {
  const source = lived();
  const text = exportOf(source);
  const copy = new RoomAtHand('moving');
  source.now += 10_000;
  copy.now = source.now;
  expect(importInto(copy, text)).toBe(true);
  expect(exportOf(copy)).toBe(text);
  for (const who of [alice, bob]) {
    for (const [name, payload] of [
      ['getRoom', {}],
      ['getHistory', {}],
      ['getMissed', { after: '0:0' }],
      ['getMembers', {}],
      ['getAudit', {}],
      ['searchMessages', { query: 'hi' }],
      ['getReactions', { seq: 1 }],
      ['getPins', {}],
    ] as const) {
      const [here, there] = [source, copy].map((room) => room.ask(who, name, payload) as object);
      expect({ ...there, position: '' }, name).toEqual({ ...here, position: '' });
    }
  }
  const { you, position, epoch } = copy.join(bob).joined;
  const before = source.join(bob).joined;
  expect(you).toEqual(before.you);
  expect(position.split(':')[1]).toBe(before.position.split(':')[1]);
  expect(epoch).not.toBe(before.epoch);
  expect(text).not.toContain(before.epoch);
  expect(refusal(copy.execute(person('dave'), 'getRoom', {})).code).toBe('room_not_found');
  const again = copy.execute({ userId: 'anna', admin: true }, 'message', {
    message: 'hey',
    id: 'a-1',
  });
  expect(again).toMatchObject({ ok: true, duplicate: true });
  expect(copy.wakeAt).toBe(source.wakeAt);
  expect(copy.failures).toEqual([]);
});

it('an imported room continues with the next rev and the same owner', () => {
  const source = lived();
  const copy = new RoomAtHand('moving');
  importInto(copy, exportOf(source));
  const { rev } = source.ask(alice, 'message', { message: 'next' }).message;
  expect(copy.ask(alice, 'message', { message: 'next' }).message.rev).toBe(rev);
  const stranger = person('stranger');
  expect(refusal(copy.execute(stranger, 'message', { message: 'x' })).code).toBe('room_not_found');
});

it('an imported message mentions each user once, as a sent one does', () => {
  const text = rewritten(exportOf(lived()), 'message', ({ seq }) =>
    seq === 2 ? { mentions: ['carol', 'alice', 'carol'] } : {},
  );
  const room = new RoomAtHand('moving');
  expect(importInto(room, text)).toBe(true);
  const { messages } = room.ask(bob, 'getHistory', { around: 2, limit: 1 });
  expect(messages[0]?.mentions).toEqual(['carol', 'alice']);
});

it('a big room is exported in bounded pages, and many reactions in parts', () => {
  const room = new RoomAtHand();
  for (let at = 0; at < 1_200; at++) {
    room.ask(person(`user ${at}`), 'message', { message: 'long '.repeat(300) });
    room.ask(person(`user ${at}`), 'addReaction', { seq: 1, emoji: '👍' });
  }
  const sizes: number[] = [];
  let page = room.ask(admin, 'exportRoom', {});
  let text = page.text;
  for (; page.next !== undefined; text += page.text) {
    sizes.push(page.text.length);
    page = room.ask(admin, 'exportRoom', { cursor: page.next });
  }
  expect(sizes.length).toBeGreaterThan(2);
  expect(Math.max(...sizes)).toBeLessThan(600_000);
  expect(text.match(/"type":"reactions"/g)).toHaveLength(3);
  const copy = new RoomAtHand();
  importInto(copy, text);
  expect(exportOf(copy)).toBe(text);
  expect(copy.ask(alice, 'getMessage', { seq: 1 }).message.reactions).toEqual({ '👍': 1_200 });
});

/** A random number generator in [0, 1): the same seed gives the same numbers. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Executes a random command of a random user, whether it is allowed or not. */
function act(room: RoomAtHand, random: () => number): void {
  const people = [alice, bob, carol, person('dora')];
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const who = pick(people);
  const userId = pick(people).userId;
  const seq = 1 + Math.floor(random() * room.rev);
  const emoji = pick(['👍', '🎉', '👀']);
  const steps = [
    () => room.execute(who, 'message', { message: 'm'.repeat(1 + random() * 8_000) }),
    () => room.execute(who, 'message', { message: 'for you', mentions: [userId] }),
    () => room.execute(who, 'editMessage', { seq, message: `edited ${random()}` }),
    () => room.execute(who, 'deleteMessage', { seq }),
    () => room.execute(who, 'addReaction', { seq, emoji }),
    () => room.execute(who, 'addReaction', { seq, emoji }),
    () => room.execute(who, 'removeReaction', { seq, emoji }),
    () => room.execute(who, 'markRead', { readUpTo: seq }),
    () => room.execute(alice, 'pinMessage', { seq }),
    () => room.execute(alice, 'unpinMessage', { seq }),
    () => room.execute(alice, 'muteMember', { userId, seconds: 1 }),
    () => room.execute(alice, 'updateRoom', { topic: `topic ${random()}` }),
  ];
  room.now += 100;
  pick(steps)();
}

it.each(Array.from({ length: 12 }, (_, seed) => seed))(
  "an export holds the room's state at its end, whatever changes during it (seed %i)",
  (seed) => {
    const random = seeded(seed);
    const source = new RoomAtHand('moving');
    source.ask(alice, 'message', { message: 'the first' });
    for (let at = 0; at < 300; at++) act(source, random);
    let busy = 6;
    const during = exportOf(source, () => {
      if (busy-- > 0) for (let at = 0; at < 40; at++) act(source, random);
    });
    const copy = new RoomAtHand('moving');
    importInto(copy, during, 1 + Math.floor(random() * 50));
    const quiet = exportOf(source);
    expect(exportOf(copy)).toBe(quiet);
    const pinned = source.ask(alice, 'getPins', {}).messages;
    expect(pinned.filter(({ deletedAt }) => deletedAt !== undefined)).toEqual([]);
    expect(during.split('\n').length).toBeGreaterThanOrEqual(quiet.split('\n').length);
  },
);

it('an import that broke can be continued from any earlier line', () => {
  const text = exportOf(lived());
  const lines = text.split('\n').slice(0, -1);
  for (let broke = 1; broke < lines.length; broke++) {
    const copy = new RoomAtHand('moving');
    importInto(copy, lines.slice(0, broke).join('\n') + '\n', 7);
    copy.crash();
    for (const from of [0, Math.max(0, broke - 3)]) {
      importInto(copy, lines.slice(from, broke).join('\n') + '\n');
    }
    expect(importInto(copy, lines.slice(Math.max(0, broke - 2)).join('\n') + '\n', 5)).toBe(true);
    expect(exportOf(copy), `broke before line ${broke + 1}`).toBe(text);
  }
});

it('a room is inaccessible while its import is incomplete, which can be abandoned', () => {
  const lines = exportOf(lived()).split('\n');
  const copy = new RoomAtHand('moving');
  const waiting = copy.join(bob);
  copy.ask(admin, 'importRoom', { text: lines.slice(0, 4).join('\n'), line: 1 });
  expect(waiting.endedWith).toBe(4000);
  for (const who of [alice, bob, admin]) {
    for (const name of ['getRoom', 'getHistory', 'exportRoom'] as const) {
      expect(refusal(copy.execute(who, name, {})).code).toBe('unavailable');
    }
    expect(() => copy.join(who)).toThrow('This room is being moved here');
  }
  expect(copy.wakeAt).toBeUndefined();
  copy.ask(admin, 'deleteRoom', {});
  copy.ask(admin, 'reopenRoom', {});
  expect(importInto(copy, lines.join('\n'))).toBe(true);
  expect(exportOf(copy)).toBe(lines.join('\n'));
});

it('an import is refused in a room with messages, and changes nothing there', () => {
  const text = exportOf(lived());
  for (const prepare of [
    (room: RoomAtHand) => room.ask(bob, 'message', { message: 'mine' }),
    (room: RoomAtHand) => room.ask(admin, 'banMember', { userId: 'dave' }),
    (room: RoomAtHand) => importInto(room, text),
  ]) {
    const room = new RoomAtHand('moving');
    prepare(room);
    const before = exportOf(room);
    expect(refusal(room.execute(admin, 'importRoom', { text, line: 1 })).code).toBe('conflict');
    expect(exportOf(room)).toBe(before);
  }
});

it('an invalid line is named, and nothing of its batch is stored', () => {
  const [head = '', ...rest] = exportOf(lived()).split('\n').slice(0, -1);
  const end = rest.at(-1)!;
  const message = rest[0]!;
  const other = rest.find((line, at) => at > 0 && line.includes('"type":"message"'))!;
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
  const cases: [string[], RegExp][] = [
    [['no json'], /^Line 11 does not fit: it must be JSON\.$/],
    [['', 'no json'], /^Line 12 does not fit: it must be JSON\.$/],
    [[head, '\r', message.replace('"id":', '"id":null,"x":')], /^Line 13 does not fit: id /],
    [['null'], /^Line 11 does not fit/],
    [['{"type":"failed","error":{}}'], /^Line 11 does not fit: type must be one of export, /],
    [[head.replace('"version":1', '"version":2')], /^Line 11 does not fit: version must be 1/],
    [[message], /^Line 11 does not fit: type must be export in the first line\.$/],
    [[head, message.replace(/"seq":\d+/, '"seq":0')], /^Line 12 does not fit: seq must be/],
    [[head, message.replace(/"rev":\d+/, '"rev":1.5')], /^Line 12 does not fit: rev must be/],
    [[head, message.replace('"meta":{', '"meta":{"__proto__":1,')], /^Line 12 does not fit/],
    [[head, message.replace('"meta":{', `"meta":{"d":${deep},`)], /^Line 12 does not fit/],
    [
      [head, message, other.replace(/"rev":\d+/, /"rev":\d+/.exec(message)![0])],
      /^Line 13 does not fit: (rev must not be that of another|seq must not be above)/,
    ],
    [[head, message, end.replace(/"rev":\d+/, '"rev":0')], /^Line 13 does not fit: rev must not/],
    [[head, end, message], /^Line 13 does not fit: type must not come after the end\.$/],
  ];
  for (const [lines, says] of cases) {
    const room = new RoomAtHand('moving');
    const problem = refusal(
      room.execute(admin, 'importRoom', { text: lines.join('\n'), line: 11 }),
    );
    expect(problem.code).toBe('invalid_payload');
    expect(problem.message).toMatch(says);
    expect(problem.field).toMatch(/^line 1[123]$/);
    expect(room.failures).toEqual([]);
    expect(room.ask(bob, 'getRoom', {}).room.createdAt).toBe(0);
  }
});

it('an export that a tool rewrote is imported: blank lines, CRLF, null for absent fields', () => {
  const source = lived();
  const text = exportOf(source);
  const lines = text.split('\n').map((line) => {
    const filled = line.replace(
      /^\{"type":"(message|member|act)"/,
      '$&,"note":null,"mutedUntil":null',
    );
    return line.includes('"note":') || line.includes('"mutedUntil":') ? line : filled;
  });
  const nulls = lines.filter((line) => line.includes('"note":null')).length;
  expect(nulls).toBeGreaterThan(5);
  const copy = new RoomAtHand('moving');
  const rewritten = `\r\n \t\r\n${lines.join('\r\n\r\n')}\r\n\r\n`;
  expect(importInto(copy, rewritten)).toBe(true);
  expect(exportOf(copy)).toBe(text);
});

it('an export ends with an error if a user or the room is erased during it', () => {
  for (const interfere of [
    (room: RoomAtHand) => room.ask(admin, 'eraseUser', { userId: 'bob' }),
    (room: RoomAtHand) => {
      room.ask(admin, 'deleteRoom', {});
      room.ask(admin, 'reopenRoom', {});
    },
  ]) {
    const room = lived();
    for (let at = 0; at < 100; at++) room.ask(admin, 'message', { message: 'm'.repeat(8_000) });
    const { next } = room.ask(admin, 'exportRoom', {});
    interfere(room);
    expect(refusal(room.execute(admin, 'exportRoom', { cursor: next })).code).toBe('conflict');
  }
});

it('owners and admins may export a room, admins may import one', () => {
  const room = lived();
  const text = exportOf(room);
  expect(room.ask(alice, 'exportRoom', {}).text).toBe(text);
  expect(refusal(room.execute(bob, 'exportRoom', {})).code).toBe('forbidden');
  const copy = new RoomAtHand('moving');
  expect(refusal(copy.execute(alice, 'importRoom', { text, line: 1 })).code).toBe('forbidden');
  expect(refusal(copy.execute(admin, 'exportRoom', {})).code).toBe('room_not_found');
});

it('an import merges reactions that look the same, and drops invisible ones', () => {
  const room = new RoomAtHand('moving');
  room.ask(alice, 'message', { message: 'hello' });
  for (const who of [alice, bob]) room.ask(who, 'addReaction', { seq: 1, emoji: 'a' });
  for (const who of [bob, carol]) room.ask(who, 'addReaction', { seq: 1, emoji: 'b' });
  room.ask(carol, 'addReaction', { seq: 1, emoji: 'c' });
  const older: Record<string, string> = { a: '\u2764', b: '\u2764\uFE0F', c: '\uFE0F' };
  const text = rewritten(exportOf(room), 'reactions', ({ emoji }) => ({
    emoji: older[String(emoji)],
  }));
  const copy = new RoomAtHand('moving');
  expect(importInto(copy, text)).toBe(true);
  expect(copy.ask(alice, 'getMessage', { seq: 1 }).message.reactions).toEqual({
    '\u2764\uFE0F': 3,
  });
  const { reactions } = copy.ask(alice, 'getReactions', { seq: 1 });
  expect(reactions.map(({ userId }) => userId)).toEqual(['alice', 'bob', 'carol']);
});

it('an import normalises names, and accepts blank messages of older exports', () => {
  const room = new RoomAtHand('moving');
  room.ask(alice, 'message', { message: 'hello' });
  const blank = rewritten(exportOf(room), 'message', () => ({
    message: ' ',
    sender: ' Al\u202Eice\n',
  }));
  const text = rewritten(blank, 'member', () => ({ username: '\u3164' }));
  const copy = new RoomAtHand('moving');
  expect(importInto(copy, text)).toBe(true);
  expect(copy.ask(bob, 'getMessage', { seq: 1 }).message).toMatchObject({
    message: ' ',
    sender: 'Alice',
  });
  expect(copy.ask(bob, 'getMembers', {}).members).toMatchObject([{ username: 'alice' }]);
});
