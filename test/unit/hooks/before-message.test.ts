import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askerOf } from '../../../src/hooks/ask-backend.ts';
import {
  BeforeMessage,
  beforeMessageEndpoint,
  type QuestionOutcome,
} from '../../../src/hooks/before-message.ts';
import { wrongHook } from '../../../src/hooks/outgoing.ts';
import { readAnswer } from '../../../src/hooks/read-answer.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { DecidingBackend } from '../../support/deciding-backend.ts';

const backend = new DecidingBackend();
beforeAll(() => backend.listen());
afterAll(() => {
  backend.close();
  expect(backend.forged).toEqual([]);
});

const UNAVAILABLE = { type: 'refuse', problem: { code: 'unavailable' } };

/** A `BeforeMessage` that asks the test's backend, with a clock that the test moves. */
function asking(given: Record<string, string> = {}) {
  // Long, because answers come late on a busy machine.
  const BEFORE_MESSAGE_TIMEOUT_MS = '10000';
  const { settings } = readSettings({
    ...backend.settings,
    BEFORE_MESSAGE_TIMEOUT_MS,
    ...given,
  });
  const outcomes: QuestionOutcome[] = [];
  const noted: (string | undefined)[] = [];
  const clock = { now: 1_700_000_000_000 };
  const before = new BeforeMessage(settings, {
    ask: askerOf(beforeMessageEndpoint(settings)!),
    now: () => clock.now,
    meter: { asked: (outcome) => outcomes.push(outcome) },
    onHealthChange: (reason) => noted.push(reason),
  });
  const ask = (message: string, userId = 'alice', roomId = 'general') =>
    before.ask({
      roomId,
      user: { userId, username: userId, role: 'member' },
      draft: { message },
    });
  return { ask, before, outcomes, noted, clock };
}

describe('the backend', () => {
  it('[HOOK13] is asked with a signed request, and decides', async () => {
    const { ask, outcomes } = asking();
    expect(await ask('שלום 世界 😀')).toEqual({ type: 'allow' });
    expect(backend.asked.at(-1)).toEqual({
      roomId: 'general',
      user: { userId: 'alice', username: 'alice', role: 'member' },
      draft: { message: 'שלום 世界 😀' },
    });
    const problem = { code: 'refused', message: 'Be kind.' };
    expect(await ask('refuse: you')).toEqual({ type: 'refuse', problem });
    const replacement = { message: 'kind: you' };
    expect(await ask('replace: you')).toEqual({ type: 'replace', replacement });
    expect(outcomes).toEqual(['allow', 'refuse', 'replace']);
  });

  it.each([
    ['rubbish', 'its answer is no verdict'],
    ['fail', 'it answered 500'],
    ['redirect', 'it answered 307'],
    ['cut', 'it cannot be reached'],
    ['huge', 'it answered more than 524288 bytes'],
  ])('[HOOK15] counts as failed when it answers %s', async (how, reason) => {
    const allowing = asking();
    expect(await allowing.ask(how)).toEqual({ type: 'allow' });
    const refusing = asking({ BEFORE_MESSAGE_ON_FAILURE: 'refuse' });
    expect(await refusing.ask(how)).toMatchObject(UNAVAILABLE);
    expect(await refusing.ask('fine')).toEqual({ type: 'allow' });
    expect(refusing.noted).toEqual([reason, undefined]);
    expect(refusing.outcomes).toEqual(['failed', 'allow']);
  });

  it('[HOOK15] counts as failed when it does not answer in time or cannot be reached', async () => {
    const slow = asking({ BEFORE_MESSAGE_TIMEOUT_MS: '100', BEFORE_MESSAGE_ON_FAILURE: 'refuse' });
    expect(await slow.ask('hang')).toMatchObject(UNAVAILABLE);
    expect(slow.noted).toEqual(['no answer within 100 ms']);
    const gone = asking({ BEFORE_MESSAGE_URL: 'http://127.0.0.1:1/' });
    expect(await gone.ask('nobody there')).toEqual({ type: 'allow' });
    expect(gone.noted).toEqual(['it cannot be reached']);
  });

  it('[HOOK15] is not asked for 30 seconds after it failed five times in a row', async () => {
    const { ask, before: live, outcomes, clock } = asking({ BEFORE_MESSAGE_ON_FAILURE: 'refuse' });
    for (let times = 0; times < 4; times++) await ask('fail');
    expect(await ask('fine')).toEqual({ type: 'allow' });
    for (let times = 0; times < 5; times++) await ask('fail');
    const before = backend.asked.length;
    expect(await ask('fine')).toMatchObject(UNAVAILABLE);
    expect(live.status).toEqual({
      questions: { allow: 1, replace: 0, refuse: 0, failed: 9, skipped: 1, busy: 0 },
      open: 0,
      skipping: true,
      lastFailure: { at: clock.now, roomId: 'general', reason: 'it answered 500' },
    });
    clock.now += 29_999;
    expect(await ask('fine')).toMatchObject(UNAVAILABLE);
    expect(backend.asked).toHaveLength(before);
    clock.now += 1;
    expect(live.status.skipping).toBe(false);
    expect(await ask('fine')).toEqual({ type: 'allow' });
    expect(outcomes.filter((outcome) => outcome === 'skipped')).toHaveLength(2);
    // Failures that are 8 s apart do not add up.
    for (let times = 0; times < 6; times++) {
      await ask('fail');
      clock.now += 8_000;
    }
    expect(await ask('fine')).toEqual({ type: 'allow' });
  });

  it('[ADM19] [HOOK15] has at most 10 open questions for one user and 100 in all', async () => {
    const { ask, outcomes } = asking();
    const held = Array.from({ length: 10 }, () => ask('hold: alice', 'alice', 'busy'));
    const busy = { type: 'refuse', problem: { code: 'rate_limited', retryAfterMs: 1_000 } };
    expect(await ask('eleventh')).toMatchObject(busy);
    const users = Array.from({ length: 9 }, (_, at) => `user-${at}`);
    const others = users.flatMap((userId) => held.map(() => ask('hold: more', userId, 'busy')));
    expect(await ask('one too many', 'bob')).toMatchObject(busy);
    await backend.untilAsked('busy', 100);
    backend.release('busy');
    for (const answer of await Promise.all([...held, ...others])) {
      expect(answer).toEqual({ type: 'allow' });
    }
    expect(await ask('again')).toEqual({ type: 'allow' });
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(2);
  });
});

describe('an answer', () => {
  it.each([
    [{ verdict: 'allow', message: null }, { type: 'allow' }],
    [{ verdict: 'replace' }, { type: 'replace', replacement: {} }],
    [
      { verdict: 'replace', message: 'שלום', meta: { a: 1 }, data: null },
      { type: 'replace', replacement: { message: 'שלום', meta: { a: 1 } } },
    ],
    [
      { verdict: 'refuse', message: ' Not\nhere. ' },
      { type: 'refuse', problem: { code: 'refused', message: 'Not here.' } },
    ],
    [
      { verdict: 'refuse', message: '\u200b' },
      { type: 'refuse', problem: { code: 'refused', message: 'This message was refused.' } },
    ],
    [
      { verdict: 'refuse', message: '😀'.repeat(400) },
      { type: 'refuse', problem: { code: 'refused', message: '😀'.repeat(300) } },
    ],
  ])('[HOOK13] %j is read', (given, answer) => {
    expect(readAnswer(JSON.stringify(given))).toEqual(answer);
  });

  it.each([
    '',
    'null',
    '"allow"',
    '[]',
    '{}',
    '{"verdict":null}',
    '{"verdict":"maybe"}',
    '{"verdict":"allow"',
    '{"verdict":"replace","message":7}',
    '{"verdict":"replace","meta":[]}',
    '{"verdict":"replace","message":"\\ud800"}',
    '{"verdict":"replace","meta":{"__proto__":{"a":1}}}',
    `{"verdict":"replace","meta":{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
  ])('[HOOK15] %j is no answer', (text) => {
    expect(readAnswer(text)).toBeUndefined();
  });
});

it('BEFORE_MESSAGE_URL needs a secret, and an https address or one of this machine', () => {
  const { settings } = readSettings({ BEFORE_MESSAGE_URL: 'http://localhost' });
  expect(wrongHook(settings)).toContain('BEFORE_MESSAGE_URL needs WEBHOOK_SECRETS');
  const problems = (BEFORE_MESSAGE_URL: string) => readSettings({ BEFORE_MESSAGE_URL }).problems;
  expect(problems('http://backend.example.com')).toHaveLength(1);
  expect(problems('https://backend.example.com/before')).toEqual([]);
});
