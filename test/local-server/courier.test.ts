import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HostedFile } from '../../local-server/hosted-file.ts';
import { SqliteFile } from '../../local-server/sqlite-file.ts';
import type { Carry } from '../../src/host/courier.ts';
import { courierContract, Ledger } from '../contract/courier.ts';
import { temporaryFolder } from '../support/folder.ts';

/** A ledger in a file; its flushes run one tick after they are due. */
function ledgerIn(carry: Carry): HostedFile<Ledger> {
  const file = new SqliteFile(join(temporaryFolder(), 'ledger.sqlite'), 'disk', () => undefined);
  return new HostedFile<Ledger>({
    file,
    host: {
      batchDelayMs: 0,
      log: { failure: () => undefined },
      schedule: (due) => void setImmediate(() => due.flush()),
      carry,
    },
    make: (ports) => new Ledger(ports),
    askWakeup: () => undefined,
  });
}

describe('deliveries of an object in a file', () => {
  courierContract(async (carry, work) => {
    const ledger = ledgerIn(carry);
    await work(ledger);
    ledger.close();
  });

  it('are not carried where the commit of their rows fails', async () => {
    let attempts = 0;
    const ledger = ledgerIn(async () => {
      attempts++;
      return [];
    });
    await ledger.ask((live) => {
      live.alter('CREATE TABLE parents (id INTEGER PRIMARY KEY)');
      live.alter(
        'CREATE TABLE children (id REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)',
      );
    });
    const lost = ledger.ask((live) => {
      live.owe('hook', '1');
      live.alter('INSERT INTO children VALUES (1)');
    });
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
    expect(await ledger.ask((live) => live.rows())).toEqual([]);
    expect(attempts).toBe(0);
    ledger.close();
  });
});
