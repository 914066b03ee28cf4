import { afterAll, beforeAll, expect, it } from 'vitest';
import { PushSender } from '../../../src/push/push-sender.ts';
import { type PushAnswer, pushKeys, PushService } from '../../support/push-service.ts';

const { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey } = pushKeys;
const service = new PushService();

beforeAll(() => service.listen());
afterAll(() => service.close());

const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });

it.each<[answer: PushAnswer, outcome: unknown]>([
  [{ status: 503 }, 'failed'],
  [{ status: 503, headers: retryAfter(600) }, { retryAfterMs: 600_000 }],
  [{ status: 500, headers: retryAfter(60) }, { retryAfterMs: 60_000 }],
  [{ status: 503, headers: retryAfter(0) }, { retryAfterMs: 60_000 }],
  [{ status: 429, headers: retryAfter(600) }, { retryAfterMs: 600_000 }],
  [{ status: 429, headers: retryAfter(5) }, { retryAfterMs: 5_000 }],
  [{ status: 429 }, { retryAfterMs: 60_000 }],
  [{ status: 410, headers: retryAfter(600) }, 'gone'],
])('[PUSH5] after the answer %j the outcome of a push is %j', async (answer, outcome) => {
  const browser = service.browser();
  browser.answer = answer;
  const { endpoint, keys } = browser.subscription;
  const subject = 'mailto:admin@example.com';
  const sender = new PushSender({ publicKey, privateKey, subject }, () => true);
  expect(await sender.send({ endpoint, ...keys }, '{}', 'topic')).toEqual(outcome);
});
