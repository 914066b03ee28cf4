import { describe, expect, it } from 'vitest';
import { costOf } from '../../../src/protocol/commands.ts';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import { commandRate, RateLimits } from '../../../src/room/access/rate-limits.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({}).settings;

/** The rate limits of users under a clock that the test moves. */
class Charged {
  now = 1_700_000_000_000;
  readonly #rates = new RateLimits(commandRate(limits), { now: () => this.now });

  /** Charges a user for `command`. @returns milliseconds to wait if refused, otherwise 0 */
  wait(command: string, userId = 'alice', bot?: true): number {
    try {
      this.#rates.charge(userId, costOf(command, bot ? { bot } : {}));
      return 0;
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'rate_limited') throw error;
      return error.problem.retryAfterMs!;
    }
  }

  /** How many times a user may give `command` right now, up to 1,000. */
  burst(command: string, userId?: string, bot?: true): number {
    let count = 0;
    while (count < 1_000 && this.wait(command, userId, bot) === 0) count++;
    return count;
  }
}

describe('a user', () => {
  it('[ADM1] [LIM9] may give four times as many commands if it is a bot', () => {
    const charged = new Charged();
    expect(charged.burst('message', 'bot', true)).toBe(800);
    expect(charged.wait('message', 'bot', true)).toBe(5);
    charged.now += 1_000;
    expect(charged.burst('message', 'bot', true)).toBe(200);
  });

  it('[ADM1] [LIM1] may give 200 commands at once, then 50 a second', () => {
    const charged = new Charged();
    expect(charged.burst('message')).toBe(200);
    expect(charged.wait('message')).toBe(20);
    charged.now += 1_000;
    expect(charged.burst('message')).toBe(50);
    charged.now += 3_600_000;
    expect(charged.burst('message')).toBe(200);
  });

  it('[ADM1] [LIM1] pays 5 for a page and 10 for joining', () => {
    expect(new Charged().burst('getHistory')).toBe(40);
    expect(new Charged().burst('getMissed')).toBe(40);
    expect(new Charged().burst('joinRoom')).toBe(20);
    const charged = new Charged();
    charged.burst('typing');
    expect(charged.wait('joinRoom')).toBe(200);
    charged.now += 200;
    expect(charged.wait('joinRoom')).toBe(0);
  });

  it('[ADM1] has their own allowance', () => {
    const charged = new Charged();
    charged.burst('message');
    expect(charged.burst('message', 'bob')).toBe(200);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'nonsense'])(
    '[ADM1] is limited for the unknown command %s too',
    (command) => {
      const charged = new Charged();
      expect(charged.burst(command)).toBe(200);
      expect(charged.wait('message')).toBe(20);
      charged.now += 10_000;
      expect(charged.burst('message')).toBe(200);
    },
  );

  it('[ADM1] gains and loses nothing when the clock is set back', () => {
    const charged = new Charged();
    charged.burst('message');
    charged.now -= 3_600_000;
    expect(charged.wait('message')).toBe(20);
    charged.now += 1_000;
    expect(charged.burst('message')).toBe(50);
  });

  it('[ADM1] stays limited when very many other users give commands', () => {
    const charged = new Charged();
    charged.burst('message');
    for (let other = 0; other < 5_000; other++) charged.wait('message', `user ${other}`);
    expect(charged.wait('message')).toBe(20);
  });
});
