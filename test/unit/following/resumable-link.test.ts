import { expect, it } from 'vitest';
import {
  type Dial,
  type RawLink,
  type RawListener,
  SteadyLink,
} from '../../../src/following/resumable-link.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { eventLine } from '../../../src/protocol/frames.ts';

it('brings a newer identity along that came while it was made again', async () => {
  const [old, newer] = [1, 2].map((expiresAt): Identity => ({ userId: 'alice', expiresAt }));
  const dialled: { identity: Identity; listener: RawListener }[] = [];
  const renewed: Identity[] = [];
  const raw: RawLink = {
    send: () => undefined,
    renew: (identity) => renewed.push(identity),
    close: () => undefined,
  };
  const again = Promise.withResolvers<RawLink>();
  const dial: Dial = (identity, _, listener) => {
    dialled.push({ identity, listener });
    return dialled.length === 1 ? Promise.resolve(raw) : again.promise;
  };
  const listener = { lines: () => undefined, closed: () => undefined, buffered: () => 0 };
  const link = await SteadyLink.open(dial, old!, {}, listener, false);
  const joined = { ok: true, position: '0:0', room: {}, you: {} };
  dialled[0]!.listener.lines([eventLine('joined', joined)], undefined);
  dialled[0]!.listener.broken();
  expect(dialled[1]?.identity).toBe(old);
  link.renew(newer!);
  again.resolve(raw);
  await expect.poll(() => renewed).toEqual([newer]);
  link.close('left');
});
