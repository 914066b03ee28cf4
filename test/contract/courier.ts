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

/** An object that owes what it is told to, and is no room. */
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

  /** Runs a statement beside what is owed. */
  alter(statement: string): void {
    this.#ports.sql.run(statement);
  }

  /** Key and failed attempts of what is owed. */
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

/** What a host promises of deliveries: an attempt after the commit, an outcome in a later turn. */
export function courierContract(
  withLedger: (
    carry: Carry,
    work: (hosted: HostedObject<Ledger>) => Promise<void>,
  ) => Promise<void>,
): void {
  afterEach(() => vi.useRealTimers());

  const rows = (hosted: HostedObject<Ledger>) => hosted.ask((ledger) => ledger.rows());

  it('carries what is owed to one target at once, and keeps nothing that is acknowledged', async () => {
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
      'a rejection as a failure of all',
      async () => Promise.reject(new Error('down')),
      [
        ['1', 1],
        ['2', 1],
      ],
    ],
    [
      'a throw as a failure of all',
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
    ['an outcome that is missing as a failure', async () => ['delivered'], [['2', 1]]],
  ])('counts %s', async (_, carry, left) => {
    // The next attempt is due within a second: this clock does not come to it.
    vi.useFakeTimers({ toFake: ['Date'] });
    await withLedger(carry, async (hosted) => {
      await hosted.ask((ledger) => ledger.owe('hook', '1', '2'));
      await expect.poll(() => rows(hosted)).toEqual(left);
      await expect.poll(() => hosted.isIdle).toBe(true);
    });
  });

  it('gives up an attempt after 15 s, and what comes later changes nothing', async () => {
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

  it('drops an attempt with an object that is evicted, whose next life makes it again', async () => {
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
