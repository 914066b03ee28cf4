import { expect, it } from 'vitest';
import { enter, type Listener } from './listener.ts';
import { onStage } from './on-stage.ts';

const OPEN = { SIGNALS: 'open', COMMAND_BURST: '100000' };

function seen(listener: Listener, name = 'cursor'): [userId: unknown, x: unknown][] {
  return listener.heard(name).map(([, { userId, x }]) => [userId, x]);
}

it('[ADM16] [SIG5] passes on 20 a second of a user, and the newest of what comes faster', () => {
  onStage(OPEN, (stage) => {
    const alice = enter(stage, 'alice');
    const bob = enter(stage, 'bob');
    for (let x = 1; x <= 100; x++) alice.say('cursor', { x });
    stage.flush();
    expect(seen(bob)).toHaveLength(20);
    stage.pass(50);
    stage.flush();
    expect(seen(bob).at(-1)).toEqual(['alice', 100]);
    stage.pass(5_000);
    expect(seen(bob)).toHaveLength(21);
    expect(seen(alice)).toEqual([]);
  });
});

it('[SIG5] shares 200 a second among all, and the last state of everyone gets through', () => {
  onStage(OPEN, (stage) => {
    const listener = enter(stage, 'listener');
    const users = Array.from({ length: 50 }, (_, at) => enter(stage, `user ${at}`));
    for (let x = 1; x <= 20; x++) {
      for (const user of users) user.say('cursor', { x });
    }
    stage.flush();
    expect(seen(listener)).toHaveLength(200);
    stage.pass(1_000);
    const last = new Map(seen(listener));
    expect([...last.values()]).toEqual(users.map(() => 20));
    expect(seen(listener).length).toBeLessThanOrEqual(400);
  });
});

it('stores nothing, and delays nothing that is durable', () => {
  onStage(OPEN, (stage) => {
    const alice = enter(stage, 'alice');
    const bob = enter(stage, 'bob');
    alice.ask('message', { message: 'hello' });
    const { writes } = stage.sql;
    for (let x = 0; x < 500; x++) alice.say('cursor', { x });
    expect(stage.sql.writes).toBe(writes);
    expect(alice.ask('message', { message: 'there' }).ok).toBe(true);
    expect(bob.heard('message')).toHaveLength(2);
  });
});

it('drops them in a crowd, and is silent about it', () => {
  onStage({ ...OPEN, MAX_CONNECTIONS_PER_USER: '10' }, (stage) => {
    const users = Array.from({ length: 101 }, (_, at) => enter(stage, `user ${at}`));
    expect(users[0]!.ask('cursor', { x: 1 })).toEqual({ ok: true });
    expect(seen(users[1]!)).toEqual([]);
  });
});
