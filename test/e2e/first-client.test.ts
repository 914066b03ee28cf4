import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { DevelopmentHost } from '../support/development-host.ts';

/** Runs against both hosts as `npm run dev` and `npm run dev:edge` start them. */
describe.each(['node', 'edge'] as const)('the first client against the %s host', (name) => {
  let host: DevelopmentHost;
  beforeAll(async () => {
    host = await DevelopmentHost.start(name);
  });
  afterAll(() => host.remove());

  describe.each(['socket.io-client-4.5', 'socket.io-client'])('with %s', (module) => {
    it.each(['the default transports', 'polling', 'websocket'])('chats over %s', async (how) => {
      const transport = how.startsWith('the') ? [] : [how];
      const script = join('test', 'fixtures', 'first-client.mjs');
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [
        script,
        host.url,
        module,
        ...transport,
      ]);
      expect(stderr).toBe('');
      const { alice, bob } = JSON.parse(stdout) as Record<string, [string, { roomId: string }][]>;
      const roomId = alice![0]![1].roomId;
      const who = { roomId, userId: 'bob', username: 'bob' };
      const timestamp = expect.any(Number);
      expect(alice).toEqual([
        ['userJoined', { ...who, timestamp }],
        ['typing', { ...who, isTyping: true }],
        [
          'message',
          {
            roomId,
            seq: 1,
            rev: 1,
            id: expect.any(String),
            senderId: 'bob',
            sender: 'bob',
            message: 'hello',
            timestamp,
          },
        ],
        ['userLeft', { ...who, timestamp, reason: 'left' }],
      ]);
      expect(bob).toEqual([]);
    });
  });
});
