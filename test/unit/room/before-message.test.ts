import { describe, expect, it } from 'vitest';
import { applicationOf } from '../../../src/app/application.ts';
import { defineApp } from '../../../src/app/define.ts';
import type { Application } from '../../../src/room/application.ts';
import type { Answer, Question } from '../../../src/room/verdict.ts';
import { Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';
import type { RoomHarness } from './room-harness.ts';

const alice = { userId: 'alice', name: 'Alice' };
const bob = { userId: 'bob', name: 'Bob' };
const admin = { userId: 'root', name: 'Root', admin: true as const };

const ALLOW: Answer = { type: 'allow' };
const REFUSE: Answer = { type: 'refuse', problem: { code: 'refused', message: 'Be kind.' } };
const UNAVAILABLE: Answer = { type: 'refuse', problem: { code: 'unavailable', message: 'Later.' } };

/** A room that asks before it stores texts, and a backend that answers when the test says so. */
class AskingStage {
  readonly harness: RoomHarness;
  readonly questions: { id: string; question: Question }[];

  constructor(harness: RoomHarness, questions: { id: string; question: Question }[]) {
    this.harness = harness;
    this.questions = questions;
  }

  enter(identity: typeof alice): Listener {
    return new Listener(this.harness, identity);
  }

  /** The texts of the unanswered questions. */
  get asked(): string[] {
    return this.questions.map(({ question }) => question.draft.message);
  }

  /** Answers the oldest question. */
  answer(answer: Answer): void {
    this.harness.decided(this.questions.shift()!.id, answer);
  }

  /** Sends without waiting for the reply. */
  say(listener: Listener, name: string, payload: object, ref?: number): void {
    listener.say(name, payload, ref);
    this.harness.flush();
  }

  /** The newest messages. */
  texts(reader: Listener): string[] {
    return reader.ask('getHistory', {}).messages.map(({ message }) => message);
  }
}

function onAskingStage(work: (asking: AskingStage) => void, application: Application = {}): void {
  const questions: { id: string; question: Question }[] = [];
  const judge = { ask: (id: string, question: Question) => void questions.push({ id, question }) };
  const settings = { COMMAND_BURST: '100000' };
  withHarness(settings, (harness) => work(new AskingStage(harness, questions)), {
    judge,
    application,
  });
}

/** The reply with this ref, or undefined if it has not come yet. */
function reply(listener: Listener, ref: number): unknown {
  return listener.lines.find(([name, first]) => name === 'ack' && Number(first) === ref)?.[2];
}

describe('a message', () => {
  it('[HOOK13] is stored when the backend allows it, without delaying those of other users', () => {
    onAskingStage((asking) => {
      const [writer, other] = [asking.enter(alice), asking.enter(bob)];
      const payload = { message: 'שלום 世界', mentions: ['bob'], meta: { a: 1 } };
      asking.say(writer, 'message', payload, 7);
      expect(asking.questions[0]?.question).toEqual({
        roomId: 'harness',
        user: { userId: 'alice', username: 'Alice', role: 'member' },
        draft: payload,
      });
      asking.say(other, 'message', { message: 'second' }, 1);
      asking.harness.decided(asking.questions.pop()!.id, ALLOW);
      expect(reply(other, 1)).toMatchObject({ ok: true, message: { seq: 1 } });
      expect(reply(writer, 7)).toBeUndefined();
      expect(other.heard('message')).toEqual([]);
      asking.answer(ALLOW);
      expect(reply(writer, 7)).toMatchObject({ ok: true, message: { seq: 2, ...payload } });
      expect(other.heard('message')).toHaveLength(1);
    });
  });

  it("[HOOK13] is refused with the backend's sentence, or stored with its replacement", () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'damn', id: 'a-1' }, 1);
      asking.answer(REFUSE);
      const error = { code: 'refused', message: 'Be kind.' };
      expect(reply(writer, 1)).toEqual({ ok: false, error });
      asking.say(writer, 'message', { message: 'damn', id: 'a-2' });
      asking.answer(REFUSE);
      expect(writer.heard('error').at(-1)?.[1]).toMatchObject({ ...error, id: 'a-2' });
      asking.say(writer, 'message', { message: 'damn', meta: { a: 1 } }, 3);
      asking.answer({ type: 'replace', replacement: { message: '****' } });
      expect(reply(writer, 3)).toMatchObject({ message: { message: '****', meta: { a: 1 } } });
      asking.say(writer, 'message', { message: 'damn' }, 4);
      asking.answer({ type: 'replace', replacement: { message: ' ' } });
      expect(reply(writer, 4)).toMatchObject({ ok: false, error: { code: 'invalid_payload' } });
      expect(asking.texts(writer)).toEqual(['****']);
    });
  });

  it("[HOOK13] reaches the application's rule with the text that the backend replaced it by", () => {
    const app = defineApp({
      beforeMessage: (_, { message }) => ({ replace: { message: `${message}!` } }),
    });
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'one' });
      expect(asking.asked).toEqual(['one']);
      asking.answer({ type: 'replace', replacement: { message: 'two' } });
      expect(asking.texts(writer)).toEqual(['two!']);
    }, applicationOf(app));
  });

  it('[HOOK14] waits for earlier messages of its connection, as every command does', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      for (const ref of [1, 2, 3]) asking.say(writer, 'message', { message: `${ref}` }, ref);
      asking.say(writer, 'getHistory', {}, 4);
      expect(asking.asked).toEqual(['1']);
      asking.answer(ALLOW);
      expect(asking.asked).toEqual(['2']);
      asking.answer(REFUSE);
      expect(reply(writer, 4)).toBeUndefined();
      asking.answer(ALLOW);
      expect(reply(writer, 4)).toMatchObject({ messages: [{ message: '1' }, { message: '3' }] });
      const order = writer.lines.filter(([name]) => name === 'ack').map(([, ref]) => Number(ref));
      expect(order).toEqual([1, 2, 3, 4]);
    });
  });

  it('[ADM20] [HOOK14] lets 64 further commands of its connection wait, and refuses more', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'first' }, 0);
      for (let ref = 1; ref <= 65; ref++) writer.say('getMembers', {}, ref);
      asking.harness.flush();
      const error = { code: 'rate_limited', retryAfterMs: 1_000 };
      expect(reply(writer, 65)).toMatchObject({ ok: false, error });
      expect(reply(writer, 64)).toBeUndefined();
      asking.answer(ALLOW);
      expect(reply(writer, 64)).toMatchObject({ ok: true });
    });
  });

  it('[HOOK14] is not asked about if it is already stored or may not be sent', () => {
    onAskingStage((asking) => {
      const [writer, twin] = [asking.enter(alice), asking.enter(alice)];
      const payload = { message: 'once', id: 'a-1' };
      asking.say(writer, 'message', payload, 50);
      asking.say(twin, 'message', payload, 50);
      asking.answer(ALLOW);
      asking.answer(REFUSE);
      expect(reply(twin, 50)).toMatchObject({ ok: true, duplicate: true, message: { seq: 1 } });
      expect(writer.ask('message', payload)).toMatchObject({ ok: true, duplicate: true });
      expect(writer.ask('message', { message: 'x', replyTo: 9 })).toMatchObject({ ok: false });
      asking.harness.ask(admin, 'muteMember', { userId: 'alice' });
      expect(writer.ask('message', { message: 'muted' }).error.code).toBe('muted');
      expect(asking.asked).toEqual([]);
    });
  });

  it('[HOOK14] is not asked about if slow mode or its files would have it refused', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      const files = ['not-uploaded'];
      expect(writer.ask('message', { files }).error.code).toBe('file_not_found');
      asking.harness.ask(admin, 'updateRoom', { slowModeSeconds: 60 });
      asking.say(writer, 'message', { message: 'one' }, 50);
      asking.answer(ALLOW);
      expect(reply(writer, 50)).toMatchObject({ ok: true });
      // The owner may send at any time.
      asking.harness.ask(admin, 'setRole', { userId: 'bob', role: 'owner' });
      asking.harness.ask(admin, 'setRole', { userId: 'alice', role: 'member' });
      expect(writer.ask('message', { message: 'two' }).error.code).toBe('slow_mode');
      expect(asking.asked).toEqual([]);
    });
  });

  it('[HOOK14] is not stored if its sender was muted or banned while it waited', () => {
    onAskingStage((asking) => {
      const [muted, banned] = [asking.enter(alice), asking.enter(bob)];
      asking.say(muted, 'message', { message: 'muted' }, 1);
      asking.say(banned, 'message', { message: 'banned' }, 1);
      asking.harness.ask(admin, 'muteMember', { userId: 'alice' });
      asking.harness.ask(admin, 'banMember', { userId: 'bob' });
      asking.harness.flush();
      asking.answer(ALLOW);
      asking.answer(ALLOW);
      expect(reply(muted, 1)).toMatchObject({ error: { code: 'muted' } });
      expect(reply(banned, 1)).toBeUndefined();
      expect(asking.texts(muted)).toEqual([]);
    });
  });

  it('[HOOK14] is stored after its sender has left, with the messages sent after it', () => {
    onAskingStage((asking) => {
      const { harness } = asking;
      const [writer, reader] = [asking.enter(alice), asking.enter(bob)];
      for (const ref of [1, 2]) asking.say(writer, 'message', { message: `${ref}` }, ref);
      harness.drop(writer.plug, 'left');
      harness.tellEnds();
      harness.flush();
      expect(reader.heard('userLeft')).toEqual([]);
      asking.answer(ALLOW);
      asking.answer(ALLOW);
      const names = reader.heard('message', 'userLeft').map(([name]) => name);
      expect(names).toEqual(['message', 'message', 'userLeft']);
      expect(asking.texts(reader)).toEqual(['1', '2']);
    });
  });

  it('[HOOK14] is dropped when another connection of its session replaces its connection', () => {
    onAskingStage((asking) => {
      const join = { session: 'tab' };
      const stuck = new Listener(asking.harness, alice, join);
      asking.say(stuck, 'message', { message: 'sent again' }, 1);
      const back = new Listener(asking.harness, alice, join);
      asking.say(back, 'message', { message: 'sent again' }, 1);
      asking.answer(ALLOW);
      asking.answer(ALLOW);
      expect(stuck.endedWith).toEqual([4000]);
      expect(asking.texts(back)).toEqual(['sent again']);
    });
  });

  it('[HOOK15] is refused as `unavailable` when no answer comes in 15 s, and a late one is ignored', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'lost' }, 1);
      asking.harness.pass(15_000);
      expect(reply(writer, 1)).toMatchObject({ error: { code: 'unavailable' } });
      asking.answer(ALLOW);
      expect(asking.texts(writer)).toEqual([]);
      expect(asking.harness.timerCount).toBe(0);
    });
  });

  it('[HOOK15] is lost when its room loses its memory, and is sent again by its client', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'again', id: 'a-1' }, 1);
      asking.harness.flush(true);
      expect(writer.endedWith).toEqual([4000]);
      asking.answer(ALLOW);
      const back = asking.enter(alice);
      expect(asking.texts(back)).toEqual([]);
      asking.say(back, 'message', { message: 'again', id: 'a-1' }, 9);
      asking.answer(ALLOW);
      expect(reply(back, 9)).toMatchObject({ message: { seq: 1 } });
    });
  });

  it('[HOOK13] sent over HTTP is asked about in the same way', () => {
    onAskingStage((asking) => {
      const results: { question?: Question; ok: boolean }[] = [];
      const keep = (result: unknown) => results.push(result as (typeof results)[0]);
      const post = (answer?: Answer) => {
        const verdict = answer && { draft: { message: 'over HTTP' }, answer };
        asking.harness.ask(alice, 'message', { message: 'over HTTP' }, keep, verdict);
        asking.harness.flush();
        return results.at(-1)!;
      };
      expect(post()).toMatchObject({ ok: false, question: { draft: { message: 'over HTTP' } } });
      expect(post(REFUSE)).toMatchObject({ ok: false, error: { code: 'refused' } });
      expect(post(ALLOW)).toMatchObject({ ok: true, message: { seq: 1 } });
    });
  });
});

describe('an edit', () => {
  it('[HOOK16] is asked about, unless it changes nothing', () => {
    onAskingStage((asking) => {
      const writer = asking.enter(alice);
      asking.say(writer, 'message', { message: 'one' });
      asking.answer(ALLOW);
      expect(writer.ask('editMessage', { seq: 1, message: 'one' }).ok).toBe(true);
      asking.say(writer, 'editMessage', { seq: 1, message: 'two' }, 50);
      expect(asking.questions[0]?.question.draft).toEqual({ seq: 1, message: 'two' });
      asking.answer(REFUSE);
      expect(reply(writer, 50)).toMatchObject({ error: { code: 'refused' } });
      expect(asking.texts(writer)).toEqual(['one']);
    });
  });

  it('[MSG7] changes nothing if the backend replaces its text by the one that is there', () => {
    onAskingStage((asking) => {
      const [writer, reader] = [asking.enter(alice), asking.enter(bob)];
      asking.say(writer, 'message', { message: 'one' });
      asking.answer(ALLOW);
      asking.say(writer, 'editMessage', { seq: 1, message: 'two' }, 50);
      asking.answer({ type: 'replace', replacement: { message: 'one' } });
      expect(reply(writer, 50)).toMatchObject({ ok: true, message: { rev: 1, message: 'one' } });
      expect(reader.heard('messageUpdated')).toEqual([]);
    });
  });

  it('[HOOK16] is asked about again if its message changed while it waited', () => {
    onAskingStage((asking) => {
      const [writer, twin] = [asking.enter(alice), asking.enter(alice)];
      asking.say(writer, 'message', { message: 'one' });
      asking.answer(ALLOW);
      asking.say(writer, 'editMessage', { seq: 1, mentions: ['bob'], message: 'one' }, 50);
      asking.say(twin, 'editMessage', { seq: 1, message: 'one', meta: { a: 1 } }, 50);
      asking.answer(ALLOW);
      expect(asking.questions[0]?.question.draft).not.toHaveProperty('mentions');
      asking.answer(ALLOW);
      expect(asking.questions[0]?.question.draft).toEqual({
        seq: 1,
        message: 'one',
        meta: { a: 1 },
        mentions: ['bob'],
      });
      asking.answer(ALLOW);
      expect(reply(twin, 50)).toMatchObject({ message: { meta: { a: 1 }, mentions: ['bob'] } });
    });
  });
});

describe('a stream', () => {
  /** A stream of alice with this text, and bob, who reads it. */
  function stream(asking: AskingStage, text: string) {
    const [writer, reader] = [asking.enter(alice), asking.enter(bob)];
    const { seq } = writer.ask('message', { message: '', streaming: true }).message;
    expect(writer.ask('appendMessage', { seq, offset: 0, text }).ok).toBe(true);
    return { writer, reader, seq };
  }

  it('[HOOK16] is asked about when its sender finishes it, and is deleted, replaced or finished', () => {
    onAskingStage((asking) => {
      const { writer, reader, seq } = stream(asking, 'damn');
      asking.say(writer, 'finishMessage', { seq }, 50);
      expect(asking.questions[0]?.question.draft).toEqual({ seq, message: 'damn' });
      asking.answer(REFUSE);
      expect(reply(writer, 50)).toMatchObject({ status: 'refused', reason: 'Be kind.' });
      expect(reader.heard('messageUpdated').at(-1)?.[1]).toMatchObject({ change: 'deleted' });
    });
    onAskingStage((asking) => {
      const { writer, reader, seq } = stream(asking, 'damn');
      asking.say(writer, 'finishMessage', { seq }, 50);
      asking.answer({ type: 'replace', replacement: { message: '****' } });
      const update = { message: '****', change: 'edited' };
      expect(reader.heard('messageUpdated').at(-1)?.[1]).toMatchObject(update);
    });
    onAskingStage((asking) => {
      const { writer, reader, seq } = stream(asking, 'fine');
      asking.say(writer, 'finishMessage', { seq }, 50);
      asking.answer(UNAVAILABLE);
      expect(reply(writer, 50)).toMatchObject({ error: { code: 'unavailable' } });
      asking.say(writer, 'finishMessage', { seq }, 51);
      asking.answer(ALLOW);
      expect(reply(writer, 51)).toMatchObject({ ok: true, status: 'done' });
      expect(reader.heard('messageAppended').at(-1)?.[1]).toMatchObject({ status: 'done' });
    });
  });

  /** Lets a minute of silence pass and wakes the room once. */
  function fallSilent({ harness }: AskingStage): void {
    harness.pass(60_000);
    harness.wake();
  }

  it('[HOOK16] whose sender is silent is asked about once before it is interrupted', () => {
    onAskingStage((asking) => {
      const { reader, seq } = stream(asking, 'half');
      fallSilent(asking);
      asking.harness.wake();
      expect(asking.asked).toEqual(['half']);
      asking.answer(ALLOW);
      const end = { seq, status: 'interrupted' };
      expect(reader.heard('messageAppended').at(-1)?.[1]).toMatchObject(end);
      expect(asking.texts(reader)).toEqual(['half']);
    });
  });

  it('[HOOK16] whose sender is silent is deleted if it is refused or cannot be checked', () => {
    for (const answer of [REFUSE, UNAVAILABLE]) {
      onAskingStage((asking) => {
        const { reader } = stream(asking, 'half');
        fallSilent(asking);
        asking.answer(answer);
        expect(asking.texts(reader)).toEqual(['']);
      });
    }
  });

  it('[HOOK16] goes on if its sender appends before the answer, and is asked about after a crash', () => {
    onAskingStage((asking) => {
      const { writer, seq } = stream(asking, 'half');
      fallSilent(asking);
      expect(writer.ask('appendMessage', { seq, offset: 4, text: ' more' }).ok).toBe(true);
      asking.answer(ALLOW);
      expect(writer.ask('getHistory', {}).messages[0]).toMatchObject({ streaming: true });
      fallSilent(asking);
      asking.harness.die();
      asking.answer(ALLOW);
      fallSilent(asking);
      expect(asking.asked).toEqual(['half more']);
      asking.answer(ALLOW);
      expect(asking.texts(asking.enter(bob))).toEqual(['half more']);
      expect(asking.harness.defects).toEqual([]);
    });
  });
});
