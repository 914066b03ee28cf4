import { describe, expect, it } from 'vitest';
import { Listener } from './listener.ts';
import { onStage } from './on-stage.ts';
import type { StagedRoom } from './staged-room.ts';

const alice = { userId: 'alice' };
const bob = { userId: 'bob' };

function found(by: Listener, query: string): unknown[] {
  const { results } = by.ask('searchMessages', { query }) as unknown as {
    results: { seq: number }[];
  };
  return results.map(({ seq }) => seq);
}

/** The index holds what the messages hold. */
function checkIndex({ file }: StagedRoom): void {
  file.run("INSERT INTO search (search) VALUES ('integrity-check')");
  const counted = (of: string) => file.all<{ n: number }>(`SELECT count(*) AS n FROM ${of}`)[0]?.n;
  expect(counted('search_docsize')).toBe(counted("messages WHERE message <> ''"));
}

/** Five messages, one of them edited and one deleted before the last. */
function talk(one: Listener, two: Listener): void {
  one.say('message', { message: 'red apple' }, 11);
  two.say('message', { message: 'green apple' }, 11);
  one.say('editMessage', { seq: 1, message: 'red pear' }, 12);
  one.say('message', { message: 'blue apple' }, 13);
  two.say('deleteMessage', { seq: 2 }, 12);
  two.say('message', { message: 'no apple' }, 13);
}

describe('what is said together', () => {
  it('is found, as it was when all was said', () =>
    onStage({}, (stage) => {
      const [one, two] = [new Listener(stage, alice), new Listener(stage, bob)];
      stage.together(() => talk(one, two));
      stage.flush();
      expect(found(two, 'apple')).toEqual([6, 4]);
      expect(found(two, 'pear')).toEqual([1]);
      checkIndex(stage);
    }));

  it('is found by one who searches amid it', () =>
    onStage({}, (stage) => {
      const one = new Listener(stage, alice);
      stage.together(() => {
        one.say('message', { message: 'apple' });
        one.say('searchMessages', { query: 'apple' }, 7);
      });
      stage.flush();
      expect(one.lines.find(([name]) => name === 'ack')?.[2]).toMatchObject({
        results: [{ message: 'apple' }],
      });
    }));

  it('is all there or not, found and not found alike, whichever statement fails', () => {
    let stored = 0;
    let lost = 0;
    for (let failAfter = 0; ; failAfter++) {
      const isOver = onStage({}, (stage) => {
        const [one, two] = [new Listener(stage, alice), new Listener(stage, bob)];
        one.ask('message', { message: 'first apple' });
        stage.sql.failAfter = failAfter;
        const holds = stage.together(() => talk(one, two));
        const failed = stage.sql.failAfter === Infinity;
        stage.sql.failAfter = Infinity;
        stage.flush();
        const late = new Listener(stage, alice, { history: 100 });
        const told = late.joined.messages.filter(({ message }) => message.includes('apple'));
        expect(found(late, 'apple')).toEqual(told.map(({ seq }) => seq).toReversed());
        checkIndex(stage);
        if (holds) stored++;
        else {
          lost++;
          expect([late.joined.messages.length, one.endedWith, two.endedWith]).toEqual([
            1,
            [4000],
            [4000],
          ]);
        }
        return !failed;
      });
      if (isOver) break;
    }
    expect(stored).toBeGreaterThan(20);
    expect(lost).toBeGreaterThan(0);
  });
});
