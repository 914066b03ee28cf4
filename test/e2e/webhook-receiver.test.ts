import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { startNodeHost } from '../support/hosts.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { Program } from '../support/program.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';
import { makeSecret } from '../support/webhook-receiver.ts';

test('examples/webhook-receiver.ts handles each change once, also after restarts and the loss of its file', async () => {
  const secret = makeSecret();
  const folder = temporaryFolder();
  const env = { WEBHOOK_SECRET: secret, POSITIONS_FILE: join(folder, 'positions.json') };
  const receiver = (more: Record<string, string>) =>
    new Program('examples/webhook-receiver.ts', { env: { ...env, ...more } });

  const first = receiver({ PORT: '0' });
  const [, url = ''] = await first.until(/WEBHOOK_URL=(\S+)\s/);
  const PORT = new URL(url).port;
  const host = await startNodeHost({ WEBHOOK_URL: url, WEBHOOK_SECRETS: secret });
  onTestFinished(() => host.close());
  const alice = new NativeVisitor(host.url, { token: await tokenFor('alice') });
  onTestFinished(() => alice.close());
  ok(await alice.join('general'));
  await say(alice, 'general', 'one');
  await first.until(/^general 1 alice: one$/m);
  const kept = () => existsSync(env.POSITIONS_FILE) && readFileSync(env.POSITIONS_FILE, 'utf8');
  await expect.poll(kept).toContain('"rev":1');
  first.kill('SIGKILL');
  await first.ended;

  await say(alice, 'general', 'two');
  const PARLOR_URL = host.url;
  const second = receiver({ PORT, PARLOR_URL });
  await second.until(/^general 2 alice: two$/m);
  ok(await alice.command('deleteMessage', { roomId: 'general', seq: 1 }));
  await second.until(/^general 3 deleted$/m);
  expect(second.stdout).not.toContain('general 1 ');
  second.kill('SIGKILL');
  await second.ended;

  // Without its file the receiver asks for everything again.
  const third = receiver({
    PORT,
    PARLOR_URL,
    POSITIONS_FILE: join(folder, 'other.json'),
    ADMIN_TOKEN: await tokenFor('root', { admin: true }),
  });
  await third.until(/WEBHOOK_URL=/);
  await say(alice, 'general', 'three');
  await third.until(/^general 2 alice: two\ngeneral 3 deleted\ngeneral 4 alice: three$/m);

  const forged = await fetch(url, { method: 'POST', body: '{"type":"room.changed"}' });
  expect(forged.status).toBe(401);
  expect(host.failures).toEqual([]);
});
