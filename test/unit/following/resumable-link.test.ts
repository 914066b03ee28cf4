import { expect, it } from 'vitest';
import {
  type ConnectLink,
  type LinkTransport,
  type LinkTransportListener,
  ResumableLink,
} from '../../../src/following/resumable-link.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { eventLine } from '../../../src/protocol/frames.ts';

it('sends a newer identity that arrived while it reconnected', async () => {
  const [old, newer] = [1, 2].map((expiresAt): Identity => ({ userId: 'alice', expiresAt }));
  const dialled: { identity: Identity; listener: LinkTransportListener }[] = [];
  const renewed: Identity[] = [];
  const raw: LinkTransport = {
    send: () => undefined,
    renew: (identity) => renewed.push(identity),
    close: () => undefined,
  };
  const again = Promise.withResolvers<LinkTransport>();
  const dial: ConnectLink = (identity, _, listener) => {
    dialled.push({ identity, listener });
    return dialled.length === 1 ? Promise.resolve(raw) : again.promise;
  };
  const listener = { lines: () => undefined, closed: () => undefined, buffered: () => 0 };
  const link = await ResumableLink.open(dial, old!, {}, listener, false);
  const joined = { ok: true, position: '0:0', room: {}, you: {} };
  dialled[0]!.listener.lines([eventLine('joined', joined)], undefined);
  dialled[0]!.listener.broken();
  expect(dialled[1]?.identity).toBe(old);
  link.renew(newer!);
  again.resolve(raw);
  await expect.poll(() => renewed).toEqual([newer]);
  link.close('left');
});
