import { afterEach, expect, it, vi } from 'vitest';
import { Deliveries } from '../../src/deliveries/deliveries.ts';
import { CREATE_DELIVERIES } from '../../src/deliveries/delivery-rows.ts';
import { type Carry, CARRY_TIMEOUT_MS } from '../../src/host/courier.ts';
import type { Hosted, HostedObject } from '../../src/host/hosted-object.ts';
import type { Clock, Courier, Ids, Log, Sql, Timer } from '../../src/host/ports.ts';

interface LedgerPorts {
  sql: Sql;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  log: Log;
  courier?: Courier;
}

/** The simplest hosted object with deliveries: it owes what the test says. */
export class Ledger implements Hosted {
  readonly #ports: LedgerPorts;
  readonly #deliveries: Deliveries;

  constructor(ports: LedgerPorts) {
    this.#ports = ports;
    const { sql } = ports;
    if (sql.all("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").length === 0) {
      sql.atomic(() => {
        for (const statement of CREATE_DELIVERIES) sql.run(statement);
      });
    }
    this.#deliveries = new Deliveries(ports, (_, key) => JSON.stringify({ key }));
  }

  owe(target: string, ...keys: string[]): void {
    this.#ports.sql.atomic(() => {
      for (const key of keys) this.#deliveries.add(target, key);
    });
  }

  /** Runs an SQL statement in the object's database. */
  alter(statement: string): void {
    this.#ports.sql.run(statement);
  }

  /** The stored deliveries: each key with its number of failed attempts. */
  rows(): [string, number][] {
    return this.#ports.sql
      .all<{ key: string; attempt: number }>('SELECT key, attempt FROM deliveries ORDER BY key')
      .map(({ key, attempt }) => [key, attempt]);
  }

  wake(): void {
    this.#deliveries.wake();
  }

  flush(): boolean {
    this.#deliveries.dispatch();
    return false;
  }
}

/** The contract of a host's courier: an attempt after the commit, its outcome in a later turn. */
export function courierContract(
  withLedger: (
    carry: Carry,
    work: (hosted: HostedObject<Ledger>) => Promise<void>,
  ) => Promise<void>,
): void {
  afterEach(() => vi.useRealTimers());

  const rows = (hosted: HostedObject<Ledger>) => hosted.ask((ledger) => ledger.rows());

  it('are carried to a target in one attempt, and deleted when acknowledged', async () => {
    const carried: string[][] = [];
    const carry: Carry = async (target, deliveries) => {
      carried.push([target, ...deliveries.map(({ body }) => body)]);
      return deliveries.map(() => 'delivered');
    };
    await withLedger(carry, async (hosted) => {
      await hosted.ask((ledger) => ledger.owe('inbox:a', '1', '2'));
      await expect.poll(() => rows(hosted)).toEqual([]);
      expect(carried).toEqual([['inbox:a', '{"key":"1"}', '{"key":"2"}']]);
      await expect.poll(() => hosted.isIdle).toBe(true);
    });
  });

  it.each<[string, Carry, [string, number][]]>([
    [
      'a rejected promise as a failure of all deliveries',
      async () => Promise.reject(new Error('down')),
      [
        ['1', 1],
        ['2', 1],
      ],
    ],
    [
      'a thrown error as a failure of all deliveries',
      () => {
        throw new Error('down');
      },
      [
        ['1', 1],
        ['2', 1],
      ],
    ],
    [
      'each outcome for its own delivery',
      async () => ['delivered', { retryAfterMs: 60_000 }],
      [['2', 1]],
    ],
    ['a missing outcome as a failure', async () => ['delivered'], [['2', 1]]],
  ])('count %s', async (_, carry, left) => {
    // The clock stands still, so that the next attempt, due within a second, does not come.
    vi.useFakeTimers({ toFake: ['Date'] });
    await withLedger(carry, async (hosted) => {
      await hosted.ask((ledger) => ledger.owe('hook', '1', '2'));
      await expect.poll(() => rows(hosted)).toEqual(left);
      await expect.poll(() => hosted.isIdle).toBe(true);
    });
  });

  it('are given up after 15 s, and a later outcome is ignored', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly ['delivered']>();
    await withLedger(
      () => promise,
      async (hosted) => {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
        await hosted.ask((ledger) => ledger.owe('hook', '1'));
        await vi.advanceTimersByTimeAsync(CARRY_TIMEOUT_MS - 1);
        expect([await rows(hosted), hosted.isIdle]).toEqual([[['1', 0]], false]);
        await vi.advanceTimersByTimeAsync(2);
        expect(await rows(hosted)).toEqual([['1', 1]]);
        resolve(['delivered']);
        await vi.advanceTimersByTimeAsync(2);
        expect([await rows(hosted), vi.getTimerCount()]).toEqual([[['1', 1]], 0]);
      },
    );
  });

  it('lose an attempt when their object is evicted, and are sent again in its next life', async () => {
    const attempts: ((outcomes: readonly ['delivered']) => void)[] = [];
    const carry: Carry = () => new Promise((resolve) => attempts.push(resolve));
    await withLedger(carry, async (hosted) => {
      await hosted.ask((ledger) => ledger.owe('hook', '1'));
      await expect.poll(() => attempts.length).toBe(1);
      hosted.evict();
      attempts[0]?.(['delivered']);
      expect(await rows(hosted)).toEqual([['1', 0]]);
      await hosted.ask((ledger) => ledger.wake());
      await expect.poll(() => attempts.length).toBe(2);
      attempts[1]?.(['delivered']);
      await expect.poll(() => rows(hosted)).toEqual([]);
    });
  });
}
