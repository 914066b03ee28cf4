import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { Copy, type Kept, type Remembered } from './convergence-copy.ts';
import { Oracle } from './convergence-oracle.ts';
import { inject, comeToRest, type HostStep, orFault } from './host-steps.ts';
import { withHarness } from '../../unit/room/with-harness.ts';
import type { RoomHarness } from '../../unit/room/room-harness.ts';

const WORDS = ['ant', 'bee', 'cat', 'dog'];
const EMOJIS = ['👍', '👎', 'toString'];
const ROLES = ['none', 'viewer', 'member', 'moderator', 'owner'] as const;
const ACTS = ['kickMember', 'banMember', 'unbanMember', 'muteMember', 'unmuteMember'] as const;
const ENDINGS = ['done', 'stopped', 'failed'] as const;
const USERS = 4;
const COPIES = 7;

/** A step of the play. Copies (clients), users, messages and words are given by number. */
export type Step =
  | { do: 'open'; copy: number; asks: boolean }
  | { do: 'drop'; copy: number; meant: boolean; told: boolean }
  | { do: 'send'; copy: number; id: number; words: number; answers?: number; mentions?: number }
  | { do: 'stream'; copy: number; id: number; words: number; mentions?: number }
  | { do: 'append'; copy: number; which: number; words: number; back: number; http: boolean }
  | { do: 'finish'; copy: number; which: number; status: number; http: boolean }
  | { do: 'stop'; copy: number; which: number }
  | { do: 'edit'; copy: number; which: number; words: number; knows: Knows; http: boolean }
  | { do: 'delete'; copy: number; which: number; knows: Knows; http: boolean }
  | { do: 'react'; copy: number; which: number; emoji: number; adds: boolean; http: boolean }
  | { do: 'read'; copy: number; back: number }
  | { do: 'act'; copy: number; act: number; user: number; seconds: number }
  | { do: 'role'; copy: number; user: number; role: number }
  | { do: 'set'; copy: number; readOnly: boolean; slow: boolean; private: boolean }
  | { do: 'leave' | 'join' | 'remember'; copy: number }
  | { do: 'catchUp'; copy: number; limit: number }
  | { do: 'erase'; user: number }
  | { do: 'settle' }
  | HostStep;

/** The `ifRev` of a change: none, that of the copy's message, or an older one. */
type Knows = 'nothing' | 'this' | 'older';

const copy = fc.nat(COPIES - 1);
const user = fc.nat(USERS);
const which = fc.nat(11);
const words = fc.nat(WORDS.length ** 2 - 1);
const http = fc.boolean();
const knows = fc.constantFrom<Knows>('nothing', 'this', 'older');

function one<const T extends Step['do']>(...values: T[]) {
  return fc.constantFrom(...values);
}

function weighed<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

/** A random step; common ones have more weight. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  weighed(6, fc.record({ do: one('open'), copy, asks: fc.boolean() })),
  weighed(2, fc.record({ do: one('drop'), copy, meant: fc.boolean(), told: fc.boolean() })),
  weighed(
    9,
    fc.record(
      { do: one('send'), copy, id: fc.nat(9), words, answers: which, mentions: user },
      { requiredKeys: ['do', 'copy', 'id', 'words'] },
    ),
  ),
  weighed(
    4,
    fc.record(
      { do: one('stream'), copy, id: fc.nat(9), words, mentions: user },
      { requiredKeys: ['do', 'copy', 'id', 'words'] },
    ),
  ),
  weighed(9, fc.record({ do: one('append'), copy, which, words, back: fc.nat(3), http })),
  weighed(2, fc.record({ do: one('finish'), copy, which, status: fc.nat(2), http })),
  weighed(1, fc.record({ do: one('stop'), copy, which })),
  weighed(6, fc.record({ do: one('edit'), copy, which, words, knows, http })),
  weighed(3, fc.record({ do: one('delete'), copy, which, knows, http })),
  weighed(
    6,
    fc.record({ do: one('react'), copy, which, emoji: fc.nat(2), adds: fc.boolean(), http }),
  ),
  weighed(3, fc.record({ do: one('read'), copy, back: fc.nat(6) })),
  weighed(
    3,
    fc.record({
      do: one('act'),
      copy,
      act: fc.nat(ACTS.length - 1),
      user,
      seconds: fc.constantFrom(1, 5, 600),
    }),
  ),
  weighed(2, fc.record({ do: one('role'), copy, user, role: fc.nat(ROLES.length - 1) })),
  weighed(
    1,
    fc.record({
      do: one('set'),
      copy,
      readOnly: fc.boolean(),
      slow: fc.boolean(),
      private: fc.boolean(),
    }),
  ),
  weighed(4, fc.record({ do: one('leave', 'join', 'remember'), copy })),
  weighed(3, fc.record({ do: one('catchUp'), copy, limit: fc.integer({ min: 1, max: 4 }) })),
  weighed(1, fc.record({ do: one('erase'), user })),
  weighed(3, fc.record({ do: one('pass'), ms: fc.constantFrom(1, 1_000, 5_000, 60_000) })),
  weighed(8, fc.record({ do: one('flush') })),
  weighed(3, fc.record({ do: one('failCommit', 'sleep', 'die', 'tellEnds', 'wake', 'settle') })),
  weighed(1, fc.record({ do: one('failStorage'), after: fc.nat(20) })),
);

/** Plays the steps in one room and audits it. @throws AssertionError if a property does not hold */
export function play(steps: readonly Step[]): void {
  withHarness({ COMMAND_BURST: '1000000' }, (harness) => {
    const playing = new Play(harness);
    for (const each of steps) playing.go(each);
    playing.settle();
  });
}

const admin: Identity = { userId: 'ada', name: 'Ada', admin: true };

function identityOf(user: number): Identity {
  return user >= USERS ? admin : { userId: `user ${user}`, name: `User ${user}` };
}

class Play {
  readonly #harness: RoomHarness;
  readonly #oracle: Oracle;
  readonly #copies = Array.from(
    { length: COPIES },
    (_, at) => new Copy(identityOf(at % (USERS + 1))),
  );
  readonly #remembered: Remembered[] = [];

  constructor(harness: RoomHarness) {
    this.#harness = harness;
    this.#oracle = new Oracle(harness.file, harness.roomId);
  }

  go(what: Step): void {
    const harness = this.#harness;
    switch (what.do) {
      case 'open':
        this.#open(this.#copy(what), what.asks);
        break;
      case 'drop':
        this.#drop(this.#copy(what), what.meant, what.told);
        break;
      case 'send':
        this.#send(this.#copy(what), what);
        break;
      case 'stream':
        this.#send(this.#copy(what), { ...what, do: 'send' }, true);
        break;
      case 'append':
      case 'finish':
      case 'stop':
        this.#stream(this.#copy(what), what);
        break;
      case 'edit':
      case 'delete':
      case 'react':
        this.#change(this.#copy(what), what);
        break;
      case 'read':
        this.#read(this.#copy(what), what.back);
        break;
      case 'act': {
        const { userId } = identityOf(what.user);
        const name = ACTS[what.act]!;
        const isTimed = name === 'kickMember' || name === 'muteMember';
        this.#say(this.#copy(what), name, { userId, ...(isTimed && { seconds: what.seconds }) });
        break;
      }
      case 'role': {
        const { userId } = identityOf(what.user);
        this.#say(this.#copy(what), 'setRole', { userId, role: ROLES[what.role] });
        break;
      }
      case 'set':
        this.#say(this.#copy(what), 'updateRoom', {
          readOnly: what.readOnly,
          private: what.private,
          slowModeSeconds: what.slow ? 3 : 0,
        });
        break;
      case 'leave':
        this.#say(this.#copy(what), 'leaveRoom', {});
        break;
      case 'join':
        this.#join(this.#copy(what));
        break;
      case 'remember':
        this.#remember(this.#copy(what));
        break;
      case 'catchUp':
        this.#catchUp(this.#copy(what), what.limit);
        break;
      case 'erase':
        this.#ask(admin, 'eraseUser', { userId: identityOf(what.user).userId });
        break;
      case 'settle':
        this.settle();
        break;
      default:
        inject(harness, what);
    }
    assert.deepEqual(harness.defects, []);
  }

  /** Ends all faults, lets the room come to rest, and compares every copy with the room's file. */
  settle(): void {
    const harness = this.#harness;
    comeToRest(harness, () => this.#openCount);
    for (const each of this.#copies) {
      if (each.joined) this.#becomeWhole(each);
    }
    this.#audit();
    assert.deepEqual(harness.defects, []);
  }

  get #openCount(): number {
    return this.#copies.filter(({ plug }) => plug !== undefined).length;
  }

  #copy({ copy: at }: { copy: number }): Copy {
    return this.#copies[at]!;
  }

  /** Opens a connection. If `asks`, it resumes from the copy's position; otherwise it catches up later. */
  #open(each: Copy, asks: boolean): void {
    if (each.plug !== undefined) return;
    const join: { since?: string; history: number } = {
      history: 2,
      ...(asks && { since: each.resume }),
    };
    each.opening(join.since);
    orFault(() => {
      each.plug = this.#harness.connect(each.identity, join, each);
    });
  }

  #drop(each: Copy, meant: boolean, told: boolean): void {
    const { plug } = each;
    if (plug === undefined) return;
    each.closed();
    this.#harness.drop(plug, meant ? 'left' : 'disconnected');
    if (told) orFault(() => this.#harness.tellEnds());
  }

  #join(each: Copy): void {
    this.#say(each, 'joinRoom', { since: each.resume }, each.resume);
  }

  #remember(each: Copy): void {
    if (each.isWhole && this.#remembered.length < 20) this.#remembered.push(each.remember());
  }

  #send(
    each: Copy,
    { id, words: at, answers, mentions }: Extract<Step, { do: 'send' }>,
    streaming = false,
  ): void {
    const replyTo = answers === undefined ? undefined : this.#pick(each, answers)?.seq;
    this.#say(each, 'message', {
      id: `m${id}`,
      message: textOf(at),
      ...(streaming && { streaming }),
      ...(replyTo !== undefined && { replyTo }),
      ...(mentions !== undefined && { mentions: [identityOf(mentions).userId, 'user 0'] }),
    });
  }

  /** Appends to, finishes or stops a streaming message, if there is one; some offsets are wrong. */
  #stream(each: Copy, what: Extract<Step, { do: 'append' | 'finish' | 'stop' }>): void {
    const streams = [...each.messages.values()].filter(({ streaming }) => streaming);
    const own = streams.filter(({ senderId }) => senderId === each.identity.userId);
    const among = own.length > 0 && what.do !== 'stop' ? own : streams;
    const target = among[among.length === 0 ? 0 : what.which % among.length];
    if (target === undefined) return;
    const { seq, message } = target;
    if (what.do === 'stop') this.#say(each, 'stopMessage', { seq });
    else if (what.do === 'finish') {
      this.#either(each, 'finishMessage', { seq, status: ENDINGS[what.status] }, what.http);
    } else {
      const offset =
        Math.max(0, message.length - (what.back === 3 ? 4 : 0)) + (what.back === 2 ? 1 : 0);
      const text = `${message.slice(offset)} ${textOf(what.words)}`;
      this.#either(each, 'appendMessage', { seq, offset, text }, what.http);
    }
  }

  #change(each: Copy, what: Extract<Step, { do: 'edit' | 'delete' | 'react' }>): void {
    const target = this.#pick(each, what.which);
    if (target === undefined) return;
    const { seq } = target;
    if (what.do === 'react') {
      const name = what.adds ? 'addReaction' : 'removeReaction';
      this.#either(each, name, { seq, emoji: EMOJIS[what.emoji] }, what.http);
      return;
    }
    const ifRev = { nothing: undefined, this: target.rev, older: Math.max(1, target.rev - 1) };
    const condition = what.knows === 'nothing' ? {} : { ifRev: ifRev[what.knows] };
    if (what.do === 'delete') {
      this.#either(each, 'deleteMessage', { seq, ...condition }, what.http);
    } else {
      const message = textOf(what.words);
      this.#either(each, 'editMessage', { seq, message, ...condition }, what.http);
    }
  }

  #pick(each: Copy, at: number): Kept | undefined {
    const known = [...each.messages.values()];
    return known[known.length === 0 ? 0 : at % known.length];
  }

  #read(each: Copy, back: number): void {
    const { userId } = each.identity;
    const before = this.#oracle.readUpTo(userId);
    this.#say(each, 'markRead', { readUpTo: Math.max(0, this.#oracle.rev - back) });
    const after = this.#oracle.readUpTo(userId);
    if (before !== undefined) assert((after ?? 0) >= before, 'a read position went back');
  }

  #catchUp(each: Copy, limit: number): void {
    if (!each.isWhole) this.#say(each, 'getMissed', { after: each.resume, limit }, each.resume);
  }

  #becomeWhole(each: Copy): void {
    for (let pages = 0; each.joined && !each.isWhole; pages++) {
      assert(pages < 1_000, 'catching up does not end');
      this.#catchUp(each, 3);
      this.#harness.flush();
    }
  }

  #either(
    each: Copy,
    name: string,
    payload: { seq: number } & Record<string, unknown>,
    isHttp: boolean,
  ): void {
    if (isHttp) this.#ask(each.identity, name, payload);
    else this.#say(each, name, payload);
  }

  #say(each: Copy, name: string, payload: object, after?: string): void {
    const { plug } = each;
    if (plug === undefined) return;
    this.#checkedAgainstRights(each.identity, name, payload, () => {
      this.#harness.handle(plug, { name, payload, ref: each.asks(name, after, payload) });
    });
  }

  #ask(identity: Identity, name: string, payload: object): void {
    this.#checkedAgainstRights(identity, name, payload, () =>
      this.#harness.ask(identity, name, payload),
    );
  }

  /** Executes a command and checks that it changes nothing if it is forbidden, also if storage fails. */
  #checkedAgainstRights(
    identity: Identity,
    name: string,
    payload: { seq?: number },
    work: () => void,
  ): void {
    const why = this.#oracle.forbids(identity, name, payload.seq, this.#harness.now);
    const before = this.#oracle.rev;
    orFault(work);
    if (why === undefined) return;
    assert(this.#oracle.rev === before, `${name} of ${identity.userId} was executed: ${why}`);
  }

  #audit(): void {
    const stored = this.#oracle.messages();
    this.#oracle.audit();
    assert.equal(this.#oracle.leftOver(), 0, 'chunks are left of a finished stream');
    const banned = this.#oracle.banned();
    for (const each of this.#copies) {
      if (!each.joined) continue;
      const { userId, admin: isAdmin } = each.identity;
      assert(isAdmin === true || !banned.has(userId), `${userId} is banned and here`);
      assert.deepEqual(
        inOrder(each.messages),
        inOrder(stored),
        'a client that listened has another state',
      );
      this.#remember(each);
      this.#auditReading(each, stored);
    }
    for (const remembered of [...this.#remembered, { position: '0:0', messages: new Map() }]) {
      const back = this.#enter(new Copy(admin, remembered), remembered.position);
      this.#becomeWhole(back);
      assert.deepEqual(
        inOrder(back.messages),
        inOrder(stored),
        'a client that resumed has another state',
      );
      this.#exit(back);
    }
    const reader = this.#enter(new Copy(admin), undefined);
    this.#auditPages(reader, stored);
    this.#auditSearch(reader, stored);
    this.#exit(reader);
  }

  #auditReading(each: Copy, stored: ReadonlyMap<number, Kept>): void {
    this.#join(each);
    this.#harness.flush();
    const { userId, readUpTo, unread, unreadMentions } = each.you!;
    const fresh = [...stored.values()].filter(
      ({ seq, senderId, deletedAt }) =>
        seq > readUpTo && senderId !== userId && deletedAt === undefined,
    );
    const mentioning = fresh.filter(
      ({ mentions = [], streaming }) => streaming !== true && mentions.includes(userId),
    );
    assert.deepEqual([unread, unreadMentions], [fresh.length, mentioning.length], 'unread');
    assert.equal(readUpTo, this.#oracle.readUpTo(userId) ?? this.#oracle.rev);
  }

  /** Loads all pages of the history, forwards and backwards. */
  #auditPages(reader: Copy, stored: ReadonlyMap<number, Kept>): void {
    const forward: Message[] = [];
    for (let hasMore = true; hasMore;) {
      const after = forward.at(-1)?.seq ?? 0;
      const page = this.#reply<'getHistory'>(reader, 'getHistory', { after, limit: 3 });
      forward.push(...page.messages);
      ({ hasMore } = page);
    }
    const backward: Message[] = [];
    for (let hasMore = true; hasMore;) {
      const before = backward[0]?.seq;
      const page = this.#reply<'getHistory'>(reader, 'getHistory', {
        limit: 4,
        ...(before !== undefined && { before }),
      });
      backward.unshift(...page.messages);
      ({ hasMore } = page);
    }
    assert.deepEqual(backward, forward, 'a page depends on its direction');
    const counts = this.#oracle.replyCounts();
    for (const { seq, replyCount = 0 } of forward) assert.equal(replyCount, counts.get(seq) ?? 0);
    assert.deepEqual(
      inOrder(reader.messages),
      inOrder(stored),
      'a client that loaded all pages has another state',
    );
  }

  #auditSearch(reader: Copy, stored: ReadonlyMap<number, Kept>): void {
    for (const query of WORDS) {
      const { results } = this.#reply<'searchMessages'>(reader, 'searchMessages', {
        query,
        limit: 50,
      });
      const expected = [...stored.values()]
        .filter(({ message, streaming }) => !streaming && message.split(' ').includes(query))
        .map(({ seq }) => seq)
        .toReversed()
        .slice(0, 50);
      assert.deepEqual(
        results.map(({ seq }) => seq),
        expected,
        `search for ${query}`,
      );
    }
  }

  #reply<N extends 'getHistory' | 'searchMessages'>(
    each: Copy,
    name: N,
    payload: object,
  ): Reply<N> {
    this.#say(each, name, payload);
    this.#harness.flush();
    return each.lastReply as Reply<N>;
  }

  #enter(each: Copy, since: string | undefined): Copy {
    each.opening(since);
    each.plug = this.#harness.connect(each.identity, since === undefined ? {} : { since }, each);
    this.#harness.flush();
    assert(each.joined, 'an admin could not join');
    return each;
  }

  #exit(each: Copy): void {
    this.#drop(each, true, true);
    this.#harness.flush();
  }
}

function textOf(at: number): string {
  return `${WORDS[at % WORDS.length]} ${WORDS[Math.floor(at / WORDS.length)]}`;
}

function inOrder(messages: ReadonlyMap<number, Kept>): Kept[] {
  return [...messages.values()].toSorted((a, b) => a.seq - b.seq);
}
